//! Seeded exchange life around hidden probabilities, matched by the domain's engine.
