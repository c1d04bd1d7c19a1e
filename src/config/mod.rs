//! Floor 0: the settings, a section per file. The only reader of the environment.
