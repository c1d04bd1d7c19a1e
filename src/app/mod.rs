//! Floor 10: the composition root. From settings to a serving process, and to its graceful stop.
