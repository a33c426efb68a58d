//! A client that is in proves itself anew (§4.12.1).

use super::*;

#[test]
fn a_client_that_is_in_can_prove_itself_anew() {
    // §4.12.1
    let story = story();
    let client = story.proven(asking("c"));
    client.subscribe("t", QoS::AtMostOnce);
    client.send(auth(ReasonCode::ReAuthenticate, METHOD, "first"));
    let request = story.question();
    assert_eq!((request.step, request.data.as_deref()), (AuthStep::Reauthenticate, Some(&b"first"[..])));
    assert_eq!((request.client_id.as_str(), request.username.as_deref()), ("c", Some("ada")));
    assert_eq!(request.method.as_deref(), Some(METHOD));
    story.answer(client.conn, more("server-first"));
    assert_eq!(client.auth().reason, ReasonCode::ContinueAuthentication);
    // Other packets go on meanwhile.
    client.publish("t", "meanwhile");
    client.expect("t", "meanwhile");
    client.send(goes_on("final"));
    assert_eq!(story.question().step, AuthStep::Continue);
    let data = Some(Bytes::from_static(b"server-final"));
    story.answer(client.conn, Verdict::Allow { user: Some("ada".to_owned()), data: data.clone() });
    let done = client.auth();
    assert_eq!((done.reason, done.properties.authentication_data), (ReasonCode::Success, data));
    assert_eq!(done.properties.authentication_method.as_deref(), Some(METHOD));
    client.publish("t", "after");
    client.expect("t", "after");
    story.pass_seconds(100);
    assert!(!client.is_closed());
}

#[test]
fn a_client_that_cannot_prove_itself_anew_is_sent_away_and_its_will_sent() {
    // [MQTT-4.12.1-2]
    let story = story();
    let watcher = story.client("w");
    watcher.subscribe("status", QoS::AtMostOnce);
    let client = story.proven(Connect { will: Some(will("status", "gone")), ..asking("c") });
    client.send(auth(ReasonCode::ReAuthenticate, METHOD, "first"));
    story.answer(client.conn, Verdict::Deny { reason: ReasonCode::BadUserNameOrPassword });
    client.is_sent_away(ReasonCode::NotAuthorized);
    watcher.expect("status", "gone");

    let client = story.proven(asking("d"));
    client.send(auth(ReasonCode::ReAuthenticate, METHOD, "first"));
    story.answer(client.conn, allow("kim"));
    client.is_sent_away(ReasonCode::NotAuthorized);

    let client = story.proven(asking("e"));
    client.send(auth(ReasonCode::ReAuthenticate, METHOD, "first"));
    story.answer(client.conn, more("x"));
    client.auth();
    story.pass_seconds(10);
    client.is_sent_away(ReasonCode::NotAuthorized);
}

#[test]
fn proving_oneself_anew_keeps_to_the_method_and_the_order() {
    // [MQTT-4.12.1-1]
    let story = story();
    let client = story.proven(asking("c"));
    client.send(auth(ReasonCode::ReAuthenticate, "PLAIN", "x"));
    client.is_sent_away(ReasonCode::BadAuthenticationMethod);
    let client = story.proven(asking("c"));
    client.send(goes_on("there is no exchange"));
    client.is_sent_away(ReasonCode::ProtocolError);
    let client = story.proven(asking("c"));
    client.send(auth(ReasonCode::ReAuthenticate, METHOD, "x"));
    story.answer(client.conn, more("server-first"));
    client.auth();
    client.send(auth(ReasonCode::ReAuthenticate, METHOD, "once more"));
    client.is_sent_away(ReasonCode::ProtocolError);
}

#[test]
fn a_verdict_about_a_client_that_was_taken_over_means_nothing() {
    let story = story();
    let client = story.proven(asking("c"));
    client.send(auth(ReasonCode::ReAuthenticate, METHOD, "x"));
    let newer = story.client("c");
    client.is_sent_away(ReasonCode::SessionTakenOver);
    story.answer(client.conn, Verdict::Deny { reason: ReasonCode::NotAuthorized });
    newer.send(Packet::PingReq);
    assert_eq!(newer.receive(), Packet::PingResp);
}

#[test]
fn a_verdict_under_former_users_lets_nobody_in() {
    let story = story();
    let client = story.knocks(named(v5("c"), "ada"));
    story.command(Command::Rules(Box::new(rules())));
    story.answer(client.conn, allow("ada"));
    client.is_turned_away(ReasonCode::ServerBusy);
}
