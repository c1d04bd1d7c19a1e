//! Which post of a lead's is liked or commented on.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    super::claim::Order,
    At, LinkedinChannel,
    people::{Person, skipped},
    prepare::Prepared,
    verdict::Stop,
};
use crate::{
    engine::route::Answer,
    errors::Result,
    integrations::unipile::{MOST_POSTS_ON_A_PAGE, PageQuery, Permissions, Post},
    models::workflow::{Action, NodeType},
};

/// How old a post may be if the step is not in the workflow any more, in days: the workflow's own default.
const USUAL_AGE: i64 = 30;

impl LinkedinChannel {
    pub(super) async fn like(&self, at: At<'_>, order: &Order, person: Person) -> Result<Prepared, Stop> {
        let posts = self.posts(at, order, &person.id).await?;
        Ok(Prepared::Like { person: person.id, posts })
    }

    pub(super) async fn comment(
        &self,
        at: At<'_>,
        order: &Order,
        person: Person,
        text: String,
    ) -> Result<Prepared, Stop> {
        let posts = self.posts(at, order, &person.id).await?;
        Ok(Prepared::Comment { person: person.id, posts, text })
    }

    /// The posts that may be taken, the newest first: the lead's own, recent ones to which the account has not done this yet. A step that is
    /// tried again takes the post that it had begun with, since nobody else may know what became of that.
    async fn posts(&self, at: At<'_>, order: &Order, person: &str) -> Result<Vec<String>, Stop> {
        let step = &order.step;
        let mut conn = self.context.db.engine_conn(step.organization_id).await?;
        let last = conn.linkedin().last_target(step.execution_id, &step.node_id).await?;
        conn.give_back();
        if let Some(last) = last {
            return Ok(vec![last]);
        }
        let oldest = self.context.campaign_clock.now() - TimeDelta::days(self.most_days(order).await?);
        let page = at.api.posts(&at.unipile.account_id, person, PageQuery::first(MOST_POSTS_ON_A_PAGE)).await;
        let page = page.map_err(|error| self.unanswered(step.id.0, &error))?;
        let recent = recent(page.items, step.action, oldest);
        if recent.is_empty() {
            return Err(skipped("no_recent_post", Answer::Done));
        }
        let mut conn = self.context.db.engine_conn(step.organization_id).await?;
        let done = conn.linkedin().done_to((at.account.id, step.action), &recent).await?;
        conn.give_back();
        let open: Vec<_> = recent.into_iter().filter(|post| !done.contains(post)).collect();
        if open.is_empty() { Err(skipped("post_done_already", Answer::Done)) } else { Ok(open) }
    }

    /// How old a post may be, as the step of the workflow says.
    async fn most_days(&self, order: &Order) -> Result<i64> {
        let step = &order.step;
        let mut tx = self.context.db.begin_engine(step.organization_id, self.context.campaign_clock.now()).await?;
        let run = tx.campaigns().run(step.campaign_id).await?;
        drop(tx);
        let node = run.as_ref().and_then(|run| run.workflow.nodes.iter().find(|node| node.id == step.node_id));
        Ok(match node.map(|node| &node.action) {
            Some(Action::LikePost(config)) => config.max_post_age_days,
            Some(Action::CommentPost(config)) => config.max_post_age_days,
            _ => USUAL_AGE,
        })
    }
}

/// Of these posts those that may be taken, the newest first. One of which it is not known when it was published, or whether it is the lead's
/// own, is not taken.
fn recent(posts: Vec<Post>, action: NodeType, oldest: DateTime<Utc>) -> Vec<String> {
    let may = |permissions: Permissions| match action {
        NodeType::CommentPost => permissions.can_post_comments,
        _ => permissions.can_react,
    };
    let fit = |post: &Post| post.is_repost == Some(false) && post.permissions.and_then(may) != Some(false);
    let mut recent: Vec<_> = posts
        .into_iter()
        .filter(fit)
        .filter_map(|post| Some((post.parsed_datetime.filter(|at| *at >= oldest)?, post.social_id?)))
        .collect();
    recent.sort_by_key(|(at, _)| Reverse(*at));
    recent.into_iter().map(|(_, id)| id).collect()
}
