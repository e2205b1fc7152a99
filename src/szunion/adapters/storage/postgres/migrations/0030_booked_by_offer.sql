-- What a person has of one offer is met by a key, whichever of the two an engine prefers: by its
-- statistics it may take the person's, and went through all bookings that he or she ever made.

DROP INDEX booking_person;
CREATE INDEX booking_person ON booking (shard, person_id, offer_id);
