//! How a program that runs until it is told to stop stops: [`Stop`].

use std::future::Future;
use std::process;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Longest time from the signal to the end, whatever is still under way: a supervisor waits ten seconds before it kills.
const FAREWELL: Duration = Duration::from_millis(8_500);
/// Exit code of a program that was told twice: 128 and the number of SIGTERM, as shells have it.
const AT_ONCE: i32 = 143;

/// Told by the first signal; the second ends the process where it stands.
pub(crate) struct Stop {
    token: CancellationToken,
}

impl Stop {
    /// Hears Ctrl-C and SIGTERM from now on.
    pub(crate) fn on_signals() -> Stop {
        let token = CancellationToken::new();
        let told = token.clone();
        let first = crate::commands::stop_signal();
        tokio::spawn(async move {
            first.await;
            let second = crate::commands::stop_signal();
            tracing::info!("asked to stop; asked again it ends at once");
            told.cancel();
            second.await;
            process::exit(AT_ONCE);
        });
        Stop { token }
    }

    /// Cancelled when it is time to stop.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Waits for `all` to end, which it should soon after the token was cancelled; what has not ended in time is left where it stands.
    pub(crate) async fn grant(&self, all: impl Future<Output = ()>) {
        let overdue = async {
            self.token.cancelled().await;
            tokio::time::sleep(FAREWELL).await;
        };
        tokio::select! {
            () = all => {}
            () = overdue => tracing::warn!("not everything ended within {FAREWELL:?} of being asked to; ending without it"),
        }
    }
}
