"""A place binds table, shard and id: two of them are not enough."""

from szunion.ports.keys import Place

place = Place("person", 7)  # bad: call-arg
