use serde_json::{Value, json};
use utoipa::OpenApi;

use super::*;

#[derive(OpenApi)]
#[openapi(components(schemas(Workflow, Schedule, StopOn)))]
struct Document;

fn refused(name: &str, body: &Value) -> bool {
    let document = serde_json::to_value(Document::openapi()).unwrap();
    let schema = json!({"$ref": format!("#/components/schemas/{name}"), "components": document["components"]});
    !jsonschema::draft202012::new(&schema).unwrap().is_valid(body)
}

fn every_node() -> Value {
    json!({"nodes": [
        {"id": "a", "type": "profile_visit", "position": {"x": 0.5, "y": -3, "colour": "red"}},
        {"id": "b", "type": "like_post", "config": {"max_post_age_days": 7}},
        {"id": "c", "type": "comment_post", "config": {"message": "Well put!", "max_post_age_days": 30}},
        {"id": "d", "type": "send_connection_request", "config": {"message": "Hi"}},
        {"id": "e", "type": "withdraw_request"},
        {"id": "f", "type": "send_followup", "config": {"message": "Hi"}},
        {"id": "g", "type": "send_inmail", "config": {"subject": "Hi", "message": "Hi"}},
        {"id": "h", "type": "send_email", "config": {"thread": false, "variants": [{"weight": 1, "subject": "Hi", "text": "Hi", "html": "<p>Hi</p>"}]}},
        {"id": "i", "type": "webhook", "config": {"url": "https://hooks.example.com/"}},
        {"id": "j", "type": "wait"},
        {"id": "k", "type": "condition", "config": {"field": "title", "operator": "contains", "value": "CEO"}},
        {"id": "l", "type": "condition", "config": {"field": "custom_fields.seats", "operator": "greater_than", "value": 50}},
        {"id": "m", "type": "condition", "config": {"field": "custom_fields.active", "operator": "equals", "value": true}}
    ], "edges": [
        {"source": "a", "target": "b", "delay": {"value": 1, "unit": "days"}},
        {"source": "d", "target": "e", "condition": "not_accepted"},
        {"source": "k", "target": "l", "condition": "true"}
    ]})
}

#[test]
fn what_was_written_is_what_is_read() {
    let document = every_node();
    let workflow: Workflow = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(serde_json::to_value(&workflow).unwrap(), document);
    assert!(!refused("Workflow", &document));
    for node in &workflow.nodes {
        assert_eq!(json!(node.node_type()), json!(node.node_type().as_str()));
    }
}

#[test]
fn an_incomplete_draft_can_be_kept() {
    for node_type in NodeType::ALL {
        for body in [
            json!({"nodes": [{"id": "a", "type": node_type}]}),
            json!({"nodes": [{"id": "a", "type": node_type, "config": {}}], "edges": []}),
            json!({"nodes": [{"id": "a", "type": node_type, "config": null, "position": null}]}),
        ] {
            assert!(!refused("Workflow", &body), "{body}");
            serde_json::from_value::<Workflow>(body).unwrap();
        }
    }
    for body in [json!({}), json!({"start_time": null, "days": []})] {
        assert!(!refused("Schedule", &body), "{body}");
        serde_json::from_value::<Schedule>(body).unwrap();
    }
}

#[test]
fn what_makes_no_sense_is_refused_by_the_schema_and_by_the_reader_alike() {
    for node in [
        json!({"id": "a", "type": "teleport"}),
        json!({"id": "a", "type": "wait", "config": {"days": 3}}),
        json!({"id": "a", "type": "send_followup", "config": {"mesage": "Hi"}}),
        json!({"id": "a", "type": "send_email", "config": {"message": "Hi"}}),
        json!({"id": "a", "type": "send_followup", "config": {"message": 3}}),
        json!({"id": "a", "type": "condition", "config": {"operator": "equals", "value": ["x"]}}),
        json!({"id": "a", "type": "wait", "position": [0, 0]}),
        json!({"id": "a", "type": "wait", "colour": "red"}),
        json!({"id": "a"}),
        json!({"type": "wait"}),
    ] {
        let body = json!({"nodes": [node]});
        assert!(refused("Workflow", &body), "{body}");
        assert!(serde_json::from_value::<Workflow>(body.clone()).is_err(), "{body}");
    }
}

#[test]
fn the_schema_bounds_what_is_stored() {
    let nodes = |count: usize| json!({"nodes": (0..count).map(|i| json!({"id": format!("n{i}"), "type": "wait"})).collect::<Vec<_>>()});
    assert!(!refused("Workflow", &nodes(MAX_NODES)));
    assert!(refused("Workflow", &nodes(MAX_NODES + 1)));
    let edges = |count: usize| json!({"edges": vec![json!({"source": "a", "target": "b"}); count]});
    assert!(!refused("Workflow", &edges(MAX_EDGES)));
    assert!(refused("Workflow", &edges(MAX_EDGES + 1)));
    let id = |id: String| json!({"nodes": [{"id": id, "type": "wait"}]});
    assert!(!refused("Workflow", &id("x".repeat(MAX_ID))));
    for bad in ["x".repeat(MAX_ID + 1), String::new(), "a b".into(), "ä".into(), "a\n".into()] {
        assert!(refused("Workflow", &id(bad)));
    }
    let message = |length: usize| json!({"nodes": [{"id": "a", "type": "send_followup", "config": {"message": "ä".repeat(length)}}]});
    assert!(!refused("Workflow", &message(MAX_TEXT)));
    assert!(refused("Workflow", &message(MAX_TEXT + 1)));
    let variants = |count: usize| json!({"nodes": [{"id": "a", "type": "send_email", "config": {"variants": vec![json!({}); count]}}]});
    assert!(!refused("Workflow", &variants(MAX_VARIANTS)));
    assert!(refused("Workflow", &variants(MAX_VARIANTS + 1)));
    let delay =
        |value: i64| json!({"edges": [{"source": "a", "target": "b", "delay": {"value": value, "unit": "minutes"}}]});
    assert!(!refused("Workflow", &delay(MAX_DELAY_MINUTES)));
    assert!(refused("Workflow", &delay(MAX_DELAY_MINUTES + 1)));
    for time in ["24:00", "9:00", "09:60", "25:00"] {
        assert!(refused("Schedule", &json!({"start_time": time})), "{time}");
    }
}

#[test]
fn the_published_examples_fit_their_schemas() {
    let document = serde_json::to_value(Document::openapi()).unwrap();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for example in schema.get("example").into_iter().chain(schema["examples"].as_array().into_iter().flatten()) {
            assert!(!refused(name, example), "{name}");
        }
    }
}
