use std::cell::RefCell;

use kmi_kalshi::frame::{CaptureLine, Frame, Scanner};
use kmi_kalshi::ws::{Command, ServerMessage};

use crate::{refused, understood};

thread_local! {
    /// Learns as it goes, so that damaged layouts of earlier input are part of what later input meets.
    static SCANNER: RefCell<Scanner> = RefCell::new(Scanner::new());
}

/// The scanner and serde must agree on every line, and owned frames on the borrowed ones they came from.
pub(super) fn frames(input: &[u8]) -> Vec<u64> {
    let frame = Frame::parse(input);
    if let Ok(frame) = &frame {
        assert_eq!(*frame, frame.clone().into_owned());
    }
    let by_serde = CaptureLine::parse(input);
    SCANNER.with_borrow_mut(|scanner| match (&by_serde, scanner.parse(input)) {
        (Ok(serde), Ok(scanned)) => assert_eq!(*serde, scanned, "the scanner reads otherwise"),
        (Err(_), Err(_)) => {}
        (serde, scanned) => panic!("serde {serde:?}, the scanner {scanned:?}"),
    });
    match by_serde {
        // Its kind is the first word of what `Debug` writes.
        Ok(line) => {
            let debug = format!("{:?}", line.frame.message);
            vec![refused(
                debug
                    .split(|c: char| !c.is_alphanumeric())
                    .next()
                    .unwrap_or_default(),
            )]
        }
        Err(error) => vec![refused(&error.to_string())],
    }
}

pub(super) fn messages(input: &[u8]) -> Vec<u64> {
    let message = match ServerMessage::parse(input) {
        Ok(message) => message,
        Err(error) => return vec![refused(&error.to_string())],
    };
    let json = message.to_json();
    match ServerMessage::parse(json.as_bytes()) {
        Ok(again) => assert_eq!(json, again.to_json(), "written anew, it reads otherwise"),
        Err(error) => panic!("written anew, it is not understood: {error}: {json}"),
    }
    vec![understood(&json)]
}

pub(super) fn commands(input: &[u8]) -> Vec<u64> {
    let command = match Command::parse(input) {
        Ok(command) => command,
        Err(wrong) => return vec![refused(&format!("{wrong:?}"))],
    };
    let json = command.to_json();
    match Command::parse(json.as_bytes()) {
        Ok(again) => assert_eq!(json, again.to_json(), "written anew, it reads otherwise"),
        Err(refused) => panic!("written anew, it is refused: {refused:?}: {json}"),
    }
    vec![understood(&json)]
}
