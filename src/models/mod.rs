//! Floor 1: plain data and its rules, one file per noun. A model is what a query fills; it is never the wire format.
