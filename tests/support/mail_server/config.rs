//! The settings of Exim and Dovecot: everything in one folder, as one user, and nothing that needs root. `./x mail` uses the same files.

use std::{
    fs::{self, Permissions},
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use nix::unistd::{Gid, Group};

use super::{IMAP, IMAPS, SMTP, SMTPS, launch::user};

/// The files that the two read, with `@NAMES@` for what differs.
const TEMPLATES: [(&str, &str); 4] = [
    ("dovecot.conf", include_str!("dovecot.conf")),
    ("oauth2.conf", include_str!("oauth2.conf")),
    ("exim.conf", include_str!("exim.conf")),
    ("check-password", include_str!("check-password")),
];

fn group_name(gid: u32) -> String {
    Group::from_gid(Gid::from_raw(gid)).unwrap().expect("a group with a name").name
}

/// Writes all files that the two read.
pub(super) fn write(folder: &Path, address: Ipv4Addr, tokens: SocketAddr) {
    let (name, uid, gid) = user();
    let values = [
        ("@DIR@", folder.display().to_string()),
        ("@USER@", name),
        ("@GROUP@", group_name(gid)),
        ("@UID@", uid.to_string()),
        ("@GID@", gid.to_string()),
        ("@ADDRESS@", address.to_string()),
        ("@SMTP@", SMTP.to_string()),
        ("@SMTPS@", SMTPS.to_string()),
        ("@IMAP@", IMAP.to_string()),
        ("@IMAPS@", IMAPS.to_string()),
        ("@TOKENS@", tokens.to_string()),
        ("@TOKEN_HOST@", tokens.ip().to_string()),
        ("@TOKEN_PORT@", tokens.port().to_string()),
    ];
    for (file, template) in TEMPLATES {
        let text = values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(name, value));
        fs::write(folder.join(file), text).unwrap();
    }
    fs::set_permissions(folder.join("check-password"), Permissions::from_mode(0o755)).unwrap();
    for file in ["secrets", "recipients", "deferred", "denied", "bouncing"] {
        fs::write(folder.join(file), "").unwrap();
    }
}
