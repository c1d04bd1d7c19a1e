//! What leads of the sandbox write.

use crate::utils::draw::Draw;

const PEOPLE: [&str; 30] = [
    "Thanks for reaching out. Could you send me some more details?",
    "Sounds interesting. Do you have time for a short call next week?",
    "We are just looking into this. What does it cost for a team of twenty?",
    "Good timing! Let's talk on Thursday, any time after two.",
    "I am not the right person for this. My colleague in operations is.",
    "Thank you, but we already have a solution that we are happy with.",
    "Not at the moment. Please ask again in the autumn.",
    "How is this different from what we have today?",
    "Could you send me a case study from our industry?",
    "No budget this year, I'm afraid.",
    "Happy to connect. What are you working on?",
    "Who else in our field is using this?",
    "Please send a calendar link and I'll pick a slot.",
    "We tried something like this last year and it did not work out. What is new?",
    "Yes, please. A short demo would be great.",
    "I've passed this on to our head of sales.",
    "Not interested, thanks.",
    "Does it work together with the tools that we already use?",
    "Where is our data kept? That would be the first question here.",
    "Let me think about it and come back to you.",
    "Nice to hear from you! It has been a while.",
    "I have moved to another company, so this is no longer mine to decide.",
    "Interesting idea. Can you put it in two sentences for my boss?",
    "We would need it in German. Is that possible?",
    "Can we try it for a month before we decide?",
    "Thanks, I'll have a look this weekend.",
    "Please take me off your list.",
    "Ha, you are the third one to ask this week. What makes you special?",
    "Sure, call me tomorrow morning.",
    "How long does it take until it is up and running?",
];

const MACHINES: [&str; 6] = [
    "I am out of the office until Monday and will answer when I am back.",
    "Thank you for your message. I am on parental leave; please write to my colleagues.",
    "I am travelling and read mail only now and then.",
    "This mailbox is read on weekdays between nine and five.",
    "Thank you for contacting us. We have received your message and will get back to you.",
    "I have left the company. Please write to the front desk.",
];

/// What a person answers.
pub(super) fn of_person(draw: Draw) -> &'static str {
    draw.pick(&PEOPLE).copied().unwrap_or_default()
}

/// What a machine answers for a person.
pub(super) fn of_machine(draw: Draw) -> &'static str {
    draw.pick(&MACHINES).copied().unwrap_or_default()
}
