"""Labels by hand: the journal of decisions and the queue."""
