//! Own orders against a recorded flow: queue positions and fills.
