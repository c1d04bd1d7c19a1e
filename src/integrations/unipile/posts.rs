//! Posts: whose there are, liking them and commenting on them.

use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{
    client::Unipile,
    error::UnipileError,
    wire::{self, Page, PageQuery},
};

/// A post.
#[derive(Debug, Clone, Deserialize)]
pub struct Post {
    /// Its id for reading.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// Its id for reactions and comments.
    #[serde(default, deserialize_with = "wire::text")]
    pub social_id: Option<String>,
    /// What it says.
    #[serde(default, deserialize_with = "wire::text")]
    pub text: Option<String>,
    /// When it was published, as well as LinkedIn lets anybody know.
    #[serde(default, deserialize_with = "wire::time")]
    pub parsed_datetime: Option<DateTime<Utc>>,
    /// Whether it passes on somebody else's.
    #[serde(default, deserialize_with = "wire::flag")]
    pub is_repost: Option<bool>,
    /// What the account may do to it.
    #[serde(default)]
    pub permissions: Option<Permissions>,
}

/// What an account may do to a post; what is not said may be tried.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct Permissions {
    /// Whether it may react.
    #[serde(default, deserialize_with = "wire::flag")]
    pub can_react: Option<bool>,
    /// Whether it may comment.
    #[serde(default, deserialize_with = "wire::flag")]
    pub can_post_comments: Option<bool>,
}

/// A comment on a post.
#[derive(Debug, Clone, Deserialize)]
pub struct Comment {
    /// Its id.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
    /// Who wrote it.
    #[serde(default)]
    pub author_details: Option<Author>,
    /// What it says.
    #[serde(default, deserialize_with = "wire::text")]
    pub text: Option<String>,
}

/// The author of a comment.
#[derive(Debug, Clone, Deserialize)]
pub struct Author {
    /// LinkedIn's own id of the person.
    #[serde(default, deserialize_with = "wire::text")]
    pub id: Option<String>,
}

impl Unipile {
    /// A person's posts, by LinkedIn's own id. In which order they come is not documented.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn posts(&self, account: &str, person: &str, page: PageQuery<'_>) -> Result<Page<Post>, UnipileError> {
        let request = self.request(Method::GET, &["users", person, "posts"])?;
        self.call(request.query(&[("account_id", account)]).query(&page.pairs())).await
    }

    /// Likes a post, by its `social_id`. To like it once more changes nothing.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn like(&self, account: &str, social_id: &str) -> Result<(), UnipileError> {
        let body = json!({ "account_id": account, "post_id": social_id, "reaction_type": "like" });
        self.answer(self.request(Method::POST, &["posts", "reaction"])?.json(&body)).await.map(|_| ())
    }

    /// Comments on a post, by its `social_id`. The answer names no comment.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn comment(&self, account: &str, social_id: &str, text: &str) -> Result<(), UnipileError> {
        let body = json!({ "account_id": account, "text": text });
        self.answer(self.request(Method::POST, &["posts", social_id, "comments"])?.json(&body)).await.map(|_| ())
    }

    /// The comments on a post. In which order they come is not documented.
    ///
    /// # Errors
    /// Unipile's.
    pub async fn comments(
        &self,
        account: &str,
        social_id: &str,
        page: PageQuery<'_>,
    ) -> Result<Page<Comment>, UnipileError> {
        let request = self.request(Method::GET, &["posts", social_id, "comments"])?;
        self.call(request.query(&[("account_id", account)]).query(&page.pairs())).await
    }
}
