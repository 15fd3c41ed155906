//! Hand-computed cases and properties of the engine, through its public doors.

mod support;

mod matching_rules;
