//! Gets a page over HTTP with ureq, without TLS, with one kind of timeout or none.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use ureq::Agent;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [how, url] = args.as_slice() else {
        return ExitCode::from(2);
    };
    let minute = Some(Duration::from_secs(60));
    // What `short-parts` is to reach.
    let moment = Some(Duration::from_millis(200));
    let config = match how.as_str() {
        "plain" => Agent::config_builder(),
        // A limit for everything, with the lookup of the name.
        "global" => Agent::config_builder().timeout_global(minute),
        // Limits for the parts that come after the lookup.
        "parts" | "short-parts" => Agent::config_builder()
            .timeout_connect(minute)
            .timeout_send_request(minute)
            .timeout_recv_response(if how == "parts" { minute } else { moment })
            .timeout_recv_body(minute),
        _ => return ExitCode::from(2),
    };
    let agent = Agent::from(config.build());
    let page = agent
        .get(url)
        .call()
        .and_then(|mut response| Ok((response.status(), response.body_mut().read_to_string()?)));
    match page {
        Ok((status, text)) => {
            println!("{status}: {text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
