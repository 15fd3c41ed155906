//! `kmi synth`: a seeded synthetic history as recordings.

use anyhow::Result;
use kmi_app::synth::write_history;
use kmi_simulator::history::Params;

use crate::args::SynthArgs;
use crate::output;

pub(crate) fn run(args: &SynthArgs, as_json: bool) -> Result<()> {
    let params = Params {
        markets: args.markets as usize,
        ..Params::default()
    };
    let report = write_history(&args.out, args.seed, &params)?;
    if as_json {
        return output::json(&report);
    }
    output::text(&format!(
        "Wrote {} series, {} events, {} markets, {} trades and {} frames of order books to {}\n",
        report.series,
        report.events,
        report.markets,
        output::count(report.trades),
        output::count(report.frames),
        args.out.display(),
    ))
}
