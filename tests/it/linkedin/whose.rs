//! Whose a message is, where that is not plain.

use std::time::Duration;

use chrono::TimeDelta;

use super::{
    World,
    answers::{Stage, message},
};
use crate::support::unipile::{Act, world::Message};

/// Somebody who has accepted and was written to.
async fn written_to() -> Stage {
    let stage = Stage::set(1).await;
    let told = stage.accept(0);
    stage.world.webhook(&told).await;
    stage.follow().await;
    stage.pass(TimeDelta::hours(3)).await;
    assert_eq!(stage.done(Act::Message).len(), 1);
    stage.app().clock.advance(Duration::from_mins(20));
    stage
}

#[tokio::test]
async fn an_answer_in_our_own_words_is_an_answer() {
    let stage = written_to().await;
    let answer = stage.write(0, "Thank you, First0!");
    stage.world.webhook(&answer).await;
    stage.follow().await;
    assert_eq!((stage.ways("replied").await, stage.told("lead_replied").await), (1, 1));
}

#[tokio::test]
async fn an_answer_in_a_chat_that_names_nobody_is_its_only_writers() {
    for (others, replied) in [(0, 1), (1, 0)] {
        let stage = written_to().await;
        let answer = stage.write(0, "Sounds good.");
        {
            let mut world = stage.world.fake.world();
            let at = world.now();
            let chat = world.chats.iter_mut().find(|chat| chat.person == "ACo_person-0").unwrap();
            chat.of_many = true;
            for _ in 0..others {
                let (sender, text) = ("ACo_stranger".to_owned(), "Me too.".to_owned());
                chat.messages.push(Message { id: "other".into(), sender, text, own: false, at });
            }
        }
        stage.world.webhook(&answer).await;
        stage.follow().await;
        assert_eq!(stage.ways("replied").await, replied, "{others} others");
    }
}

#[tokio::test]
async fn a_message_that_does_not_say_when_it_was_written_is_no_later_than_its_chat() {
    for (again, replied) in [(false, 0), (true, 1)] {
        let world = World::begin().await;
        world.fake.world().timeless = true;
        let before = world.fake.world().write("acc", "person-0", "An old word.");
        world.app.clock.advance(Duration::from_hours(5));
        let stage = Stage::set_in(world, 1, serde_json::json!({})).await;
        stage.app().clock.advance(Duration::from_hours(1));
        let chat = stage.world.fake.world().chats[0].id.clone();
        let told = if again { stage.write(0, "A new one.") } else { message(&chat, &before, "An old word.") };
        stage.world.webhook(&told).await;
        stage.follow().await;
        assert_eq!(stage.ways("replied").await, replied);
    }
}
