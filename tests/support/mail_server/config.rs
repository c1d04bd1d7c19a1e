//! The settings of Exim and Dovecot: everything in one folder, as one user, and nothing that needs root.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use super::{IMAP, IMAPS, SMTP, SMTPS, launch::user};

/// Writes all files that the two read.
pub(super) fn write(folder: &Path, address: Ipv4Addr, tokens: SocketAddr) {
    let (name, uid, gid) = user();
    let dir = folder.display();
    let write = |file: &str, text: String| fs::write(folder.join(file), text).unwrap();
    for file in ["passwords", "recipients", "deferred", "denied"] {
        write(file, String::new());
    }
    write("dovecot.conf", dovecot(&dir.to_string(), address, (&name, uid, gid)));
    write("oauth2.conf", oauth2(tokens));
    write("exim.conf", exim(&dir.to_string(), address, tokens, (uid, gid)));
}

fn dovecot(dir: &str, address: Ipv4Addr, (user, uid, gid): (&str, u32, u32)) -> String {
    format!(
        "protocols = imap lmtp
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/dovecot.log
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {gid}
first_valid_uid = 1
listen = {address}
ssl = yes
ssl_cert = <{dir}/cert.pem
ssl_key = <{dir}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
auth_cache_size = 0
mail_location = maildir:{dir}/mail/%u
mail_max_userip_connections = 1000
maildir_stat_dirs = yes
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = {dir}/passwords
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {dir}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = subscribe
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {IMAP}
  }}
  inet_listener imaps {{
    port = {IMAPS}
    ssl = yes
  }}
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0600
  }}
}}
"
    )
}

fn oauth2(tokens: SocketAddr) -> String {
    format!(
        "introspection_mode = get
introspection_url = http://{tokens}/introspect?token=
username_attribute = email
active_attribute = active
active_value = true
"
    )
}

/// Takes mail of whoever signs in, for the mailboxes that there are. Exim asks the token server itself whether an access token is good.
fn exim(dir: &str, address: Ipv4Addr, tokens: SocketAddr, (uid, gid): (u32, u32)) -> String {
    let (token_host, token_port) = (tokens.ip(), tokens.port());
    format!(
        r#"primary_hostname = mail.test
exim_user = {uid}
exim_group = {gid}
spool_directory = {dir}/spool
log_file_path = {dir}/exim-%s.log
pid_file_path = {dir}/exim.pid
local_interfaces = <; [{address}]:{SMTP} ; [{address}]:{SMTPS}
tls_on_connect_ports = {SMTPS}
tls_advertise_hosts = *
tls_certificate = {dir}/cert.pem
tls_privatekey = {dir}/key.pem
auth_advertise_hosts = *
acl_smtp_rcpt = recipient
acl_smtp_data = accept
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 500
smtp_accept_queue = 500
smtp_accept_queue_per_connection = 0
smtp_accept_reserve = 0
smtp_receive_timeout = 60s
message_size_limit = 50M
deliver_drop_privilege = true
never_users =
prdr_enable = false
chunking_advertise_hosts =
qualify_domain = mail.test

begin acl
recipient:
  defer condition = ${{lookup{{$local_part@$domain}}lsearch{{{dir}/deferred}}{{yes}}{{no}}}}
        message = ${{lookup{{$local_part@$domain}}lsearch{{{dir}/deferred}}}}
  deny  condition = ${{lookup{{$local_part@$domain}}lsearch{{{dir}/denied}}{{yes}}{{no}}}}
        message = ${{lookup{{$local_part@$domain}}lsearch{{{dir}/denied}}}}
  deny  !authenticated = *
        message = 530 5.7.0 Sign in first
  deny  condition = ${{lookup{{$local_part@$domain}}lsearch{{{dir}/recipients}}{{no}}{{yes}}}}
        message = 550 5.1.1 No such mailbox here
  accept

begin routers
everything:
  driver = accept
  transport = keep

begin transports
keep:
  driver = lmtp
  socket = {dir}/run/lmtp
  batch_max = 100
  user = {uid}
  group = {gid}
  return_path_add

begin retry
* * F,1h,1s

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if eq{{{{PLAIN}}$auth3}}{{${{lookup{{$auth2}}lsearch{{{dir}/passwords}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username: : Password:
  server_condition = ${{if eq{{{{PLAIN}}$auth2}}{{${{lookup{{$auth1}}lsearch{{{dir}/passwords}}}}}}}}
  server_set_id = $auth1
xoauth2:
  driver = plaintext
  public_name = XOAUTH2
  server_prompts = :
  server_condition = ${{if match{{$auth1}}{{\N^user=([^\x01]+)\x01auth=Bearer ([^\x01]+)\x01\x01$\N}}{{${{if match{{${{readsocket{{inet:{token_host}:{token_port}}}{{GET /introspect?token=$2 HTTP/1.0\r\n\r\n}}{{5s}}}}}}{{"email":"$1"}}}}}}}}
  server_set_id = ${{sg{{$auth1}}{{\N^user=([^\x01]+).*$\N}}{{\$1}}}}
"#
    )
}
