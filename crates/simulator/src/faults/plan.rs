//! A scripted plan: faults with the moment at which each is armed.

use std::time::Duration;

use serde::Deserialize;

use super::spec::{FaultError, FaultSpec};

/// A fault, and when it is armed.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Since the start of the exchange.
    pub at: Duration,
    /// What.
    pub fault: FaultSpec,
}

/// Only the moment; the rest of the line is the fault.
#[derive(Deserialize)]
struct Moment {
    at_ms: u64,
}

/// Reads a plan: one JSON object a line, a fault with `at_ms`, milliseconds since the start; empty lines and those that
/// begin with `#` are passed over. Sorted by moment; equal ones stay in order.
///
/// # Errors
/// [`FaultError::Plan`] with the line.
pub fn parse_plan(text: &str) -> Result<Vec<Planned>, FaultError> {
    let mut plan = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let planned = parse_line(line).map_err(|problem| FaultError::Plan {
            line: index + 1,
            problem: Box::new(problem),
        })?;
        plan.push(planned);
    }
    plan.sort_by_key(|planned| planned.at);
    Ok(plan)
}

fn parse_line(line: &str) -> Result<Planned, FaultError> {
    let malformed = |error: serde_json::Error| FaultError::Malformed(error.to_string());
    let moment: Moment = serde_json::from_str(line).map_err(malformed)?;
    let mut object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(line).map_err(malformed)?;
    object.remove("at_ms");
    let fault = FaultSpec::parse(serde_json::Value::Object(object).to_string().as_bytes())?;
    Ok(Planned {
        at: Duration::from_millis(moment.at_ms),
        fault,
    })
}

#[cfg(test)]
mod tests {
    use super::super::spec::FaultKind;
    use super::*;

    #[test]
    fn a_plan_is_sorted_by_moment_and_its_bad_line_is_named() {
        let plan = "# storm\n{\"at_ms\":500,\"kind\":\"skip_seq\",\"count\":2}\n\n{\"at_ms\":20,\"kind\":\"disconnect\"}\n";
        let plan = parse_plan(plan).unwrap();
        let kinds: Vec<FaultKind> = plan.iter().map(|planned| planned.fault.kind).collect();
        assert_eq!(kinds, [FaultKind::Disconnect, FaultKind::SkipSeq]);
        assert_eq!(plan[1].at, Duration::from_millis(500));
        assert_eq!(plan[1].fault.count, 2);

        let error = parse_plan("{\"at_ms\":1,\"kind\":\"disconnect\"}\n{\"at_ms\":1,\"kind\":\"delay_ms\"}")
            .unwrap_err();
        assert_eq!(error.to_string(), "line 2: ms: is required for this kind");
    }
}
