//! Replacing the key that suppressions are hashed under.

use clento::{
    config::{Config, Vars},
    services::SuppressionKeys,
};
use serde_json::json;

use super::{LEADS, SUPPRESSIONS, suppress};
use crate::support::TestApp;

const OLD: &str = "b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2w=";
const NEW: &str = "bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmU=";

#[tokio::test]
async fn what_was_suppressed_under_the_old_key_stays_suppressed_under_the_new_one() {
    let app = TestApp::start_with_keys(OLD).await;
    let old = suppress(&app.member(), "jane@example.com").await;
    let lead = app.member().post(LEADS, json!({"email": "joe@example.com"})).await.expect(201);
    let path = format!("{LEADS}/{}?erase=true", lead["id"].as_str().unwrap());
    app.member().delete(&path).await.expect(204);

    let both = app.replica_with_keys(&format!("{NEW},{OLD}")).await;
    let member = both.member();
    for email in ["jane@example.com", "joe@example.com"] {
        member.post(LEADS, json!({ "email": email })).await.expect_problem(409, "suppressed");
        let found = member.get(&format!("{SUPPRESSIONS}?value={email}")).await.expect(200);
        assert_eq!(found["data"].as_array().unwrap().len(), 1, "{email}");
    }
    let again = member.post(SUPPRESSIONS, json!({"value": "jane@example.com"})).await;
    assert_eq!(again.expect_problem(409, "suppression_exists")["suppression_id"], old["id"]);
    suppress(&member, "jim@example.com").await;

    let keys = |given: &str| {
        let config = Config::from_vars(Vars::given([("ENCRYPTION_KEY", given)])).unwrap();
        SuppressionKeys::new(&config.encryption.0).unwrap().ids()
    };
    let db = both.state.db();
    assert!(!db.has_lost_suppressions(&keys(&format!("{NEW},{OLD}"))).await.unwrap());
    for without in [NEW, OLD] {
        assert!(
            db.has_lost_suppressions(&keys(without)).await.unwrap(),
            "production must not start without a key in use"
        );
    }
}
