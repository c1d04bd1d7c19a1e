//! Floor 3: all SQL, and only here.
