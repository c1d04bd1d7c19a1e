//! What becomes of members of whom a webhook never came.

use std::time::Duration;

use clento::errors::Kind;
use reqwest::Method;
use serde_json::json;

use crate::{organizations::Company, support::fake_clerk::Trouble};

impl Company {
    /// Compares all organizations whose turn it is.
    async fn compare_all(&self) -> usize {
        let mut compared = 0;
        while self.app.state.clerk_comparison().compare_next().await.unwrap() {
            compared += 1;
        }
        compared
    }

    /// Whose memberships are alive, with their roles.
    async fn members(&self) -> Vec<(String, String)> {
        let rows = "select u.clerk_user_id, m.clerk_role from organization_members m join users u on u.id = m.user_id
                    join organizations o on o.id = m.organization_id
                    where o.clerk_organization_id = 'org_acme' and m.deleted_at is null order by 1";
        sqlx::query_as(rows).fetch_all(&self.app.pool).await.unwrap()
    }

    async fn removals(&self) -> usize {
        self.audited_in_full().await.iter().filter(|(_, action)| action == "member.removed").count()
    }
}

fn of(members: &[(&str, &str)]) -> Vec<(String, String)> {
    members.iter().map(|(user, role)| ((*user).to_owned(), format!("org:{role}"))).collect()
}

#[tokio::test]
async fn who_left_joined_or_rose_without_a_webhook_is_seen() {
    let company = Company::found().await;
    company.app.clock.advance(Duration::from_hours(1));
    {
        let mut world = company.clerk.world();
        world.add_user("user_cleo", "cleo@acme.example", "Cleo", "Conrad");
        world.add_member("org_acme", "user_cleo", "org:member");
        world.promote("org_acme", "user_cleo");
        world.leave("org_acme", "user_ben");
    }
    let lost = company.clerk.take_events();
    let ben = company.app.somebody("user_ben", None);
    let reads = || ben.request(Method::GET, "/api/v1/leads").header("x-organization-id", "org_acme").send();
    reads().await.expect(200);

    // Ours, theirs and the company.
    assert_eq!(company.compare_all().await, 3);
    assert_eq!(company.members().await, of(&[("user_ada", "admin"), ("user_cleo", "admin")]));
    assert_eq!(company.removals().await, 1);
    company.app.clock.advance(Duration::from_secs(2));
    reads().await.expect_problem(404, "organization_not_found");

    // What comes after all tells nothing new, and whoever is compared has no turn again for six hours.
    for (n, event) in lost.iter().enumerate() {
        company.app.deliver(&format!("msg_late_{n}"), event).await.expect(200);
    }
    assert_eq!(company.members().await, of(&[("user_ada", "admin"), ("user_cleo", "admin")]));
    assert_eq!(company.removals().await, 1);
    assert_eq!(company.compare_all().await, 0);
    company.app.clock.advance(Duration::from_hours(7));
    assert_eq!(company.compare_all().await, 3);
    assert_eq!(company.removals().await, 1);
}

#[tokio::test]
async fn a_member_whom_only_a_token_introduced_is_forgotten_and_may_come_back() {
    let company = Company::found().await;
    company.clerk.world().add_user("user_dan", "dan@acme.example", "Dan", "Dorn");
    let dan = company.app.somebody("user_dan", Some(("org_acme", "org:member")));
    dan.get("/api/v1/leads").await.expect(200);
    // It may be that Clerk's list does not have him yet.
    company.compare_all().await;
    assert_eq!(company.members().await.len(), 3);

    company.app.clock.advance(Duration::from_hours(7));
    company.compare_all().await;
    assert_eq!(company.members().await, of(&[("user_ada", "admin"), ("user_ben", "member")]));
    assert_eq!(company.removals().await, 1);
    company.clerk.take_events();
    company.clerk.world().add_member("org_acme", "user_dan", "org:member");
    company.deliver_all().await;
    assert_eq!(company.members().await.len(), 3);
}

#[tokio::test]
async fn nothing_ends_because_clerk_is_silent_or_does_not_know_us() {
    let company = Company::found().await;
    company.app.clock.advance(Duration::from_hours(1));
    let not_found = json!({"errors": [{"code": "resource_not_found", "message": "not found"}]}).to_string();
    let members = company.members().await;
    company.clerk.trouble(Some(Trouble::Answer(404, not_found)));
    assert_eq!(company.compare_all().await, 3);
    assert_eq!(company.members().await, members);

    company.app.clock.advance(Duration::from_hours(7));
    company.clerk.trouble(Some(Trouble::Busy(5)));
    for _ in 0..3 {
        let error = company.app.state.clerk_comparison().compare_next().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable);
    }
    assert_eq!(company.members().await, members);
    // It is tried again after a while, not at once.
    company.clerk.trouble(None);
    assert_eq!(company.compare_all().await, 0);
    company.app.clock.advance(Duration::from_mins(11));
    assert_eq!(company.compare_all().await, 3);
    assert_eq!(company.members().await, members);
}

#[tokio::test]
async fn who_is_missing_from_the_list_by_mistake_is_asked_for_by_name() {
    let company = Company::found().await;
    company.app.clock.advance(Duration::from_hours(1));
    // As when somebody leaves between two pages, and the next one is skipped.
    company.clerk.world().hide_from_lists("org_acme", "user_ben");
    company.compare_all().await;
    assert_eq!(company.members().await, of(&[("user_ada", "admin"), ("user_ben", "member")]));
    assert_eq!(company.removals().await, 0);
}
