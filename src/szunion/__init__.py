"""szunion: the system behind a city trade-union federation's member service card."""
