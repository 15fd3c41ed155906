//! Money lost in the worst outcome, over mutually exclusive markets too.
