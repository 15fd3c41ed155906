//! The WebSocket client.
