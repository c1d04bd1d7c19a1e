//! The OpenAPI document says what is so, and says it well.

use crate::support::TestApp;

#[tokio::test]
async fn no_schema_has_the_name_of_a_plain_type() {
    let app = TestApp::start().await;
    let document = app.anonymous().get("/api-docs/openapi.json").await.expect(200);
    for name in ["String", "Value", "Vec", "Map", "bool", "i64", "Uuid"] {
        assert!(document["components"]["schemas"][name].is_null(), "{name}");
    }
}
