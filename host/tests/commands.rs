//! The program as people run it: what it prints, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

#[path = "commands/migrate.rs"]
mod migrate;

/// A first build of a plugin compiles the SDK and all it depends on.
const BUILD_TIMEOUT: Duration = Duration::from_secs(600);

fn plinth(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plinth"));
    let command = command
        .args(arguments)
        .current_dir(folder)
        .env_remove("PLINTH_LOG");
    command.stdin(Stdio::null()).output().expect("runs")
}

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What a command that must fail says.
fn refusal(arguments: &[&str], folder: &Path) -> String {
    let output = plinth(arguments, folder);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    String::from_utf8(output.stderr).expect("text")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn help_names_every_command() {
    let output = plinth(&["--help"], &here());
    let text = String::from_utf8(output.stdout).expect("text");
    for command in [
        "new", "dev", "build", "migrate", "serve", "routes", "doctor",
    ] {
        assert!(
            text.contains(&format!("\n  {command} ")),
            "{command}: {text}"
        );
        assert!(plinth(&[command, "--help"], &here()).status.success());
    }
}

#[test]
fn a_wrong_flag_is_refused_with_the_right_one() {
    let text = refusal(&["dev", "--prot", "1"], &here());
    assert!(text.contains("--port"), "{text}");
}

#[test]
fn what_is_no_plugin_is_refused() {
    let folder = folder();
    for command in ["dev", "build", "routes"] {
        let text = refusal(&[command, "nowhere"], folder.path());
        assert!(
            text.contains("nowhere") && text.contains("plinth new"),
            "{text}"
        );
    }
    let text = refusal(&["build", "host"], &here());
    assert!(text.contains("cdylib"), "{text}");
}

#[test]
fn a_configuration_that_is_wrong_is_refused() {
    let folder = folder();
    let text = refusal(&["serve"], folder.path());
    assert!(text.contains("plinth.toml"), "{text}");
    let cases = [
        ("listn = '127.0.0.1:1'", "did you mean `listen`"),
        ("listen = 'here'", "line 1"),
        ("[plugins.a]\ncomponent = 'gone.wasm'", "gone.wasm"),
        ("[plugins.a]\ncomponent = 'plinth.toml'", "not a component"),
        ("[databases.d]\nurl = 'http://x'", "databases.d.url"),
        ("[", "line 1"),
    ];
    for (config, expected) in cases {
        fs::write(folder.path().join("plinth.toml"), config).expect("writes");
        let text = refusal(&["serve", "--listen", "127.0.0.1:0"], folder.path());
        assert!(text.contains(expected), "{config}: {text}");
    }
}

#[test]
fn a_database_on_another_machine_without_tls_is_warned_of_once() {
    const WARNING: &str = "are not encrypted";
    let folder = folder();
    let file = folder.path().join("plinth.toml");
    let plugins = "[plugins.a]\ncomponent = 'plinth.toml'\ndatabases = ['d']\n\
                   [plugins.b]\ncomponent = 'plinth.toml'\ndatabases = ['d']\n";
    let warnings = |url: &str| {
        let config = format!("{plugins}[databases.d]\nurl = '{url}'");
        fs::write(&file, config).expect("writes");
        let text = refusal(&["serve", "--listen", "127.0.0.1:0"], folder.path());
        assert!(text.contains("not a component"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
        text.matches(WARNING).count()
    };
    assert_eq!(warnings("postgres://shop:hunter2@db.example/shop"), 1);
    let required = "postgres://shop:hunter2@db.example/shop?sslmode=require";
    assert_eq!(warnings(required), 0);
    assert_eq!(warnings("postgres://shop:hunter2@localhost/shop"), 0);
}

#[test]
fn a_taken_port_is_said_plainly() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let folder = folder();
    fs::write(folder.path().join("plinth.toml"), "").expect("writes");
    let text = refusal(&["serve", "--listen", &address.to_string()], folder.path());
    assert!(
        text.contains(&address.to_string()) && text.contains("another"),
        "{text}"
    );
    let port = address.port().to_string();
    let text = refusal(&["dev", "plugins/hello", "--port", &port], &here());
    assert!(text.contains(&port) && text.contains("another"), "{text}");
}

#[test]
fn new_refuses_what_it_would_spoil() {
    let folder = folder();
    assert!(plinth(&["new", "blog"], folder.path()).status.success());
    assert!(refusal(&["new", "blog"], folder.path()).contains("exists"));
    assert!(refusal(&["new", "Big Blog"], folder.path()).contains("name"));
    assert!(refusal(&["new", "blog2", "--sdk", "nowhere"], folder.path()).contains("nowhere"));
}

#[test]
fn routes_are_listed() {
    let output = plinth(&["routes", "plugins/hello"], &here());
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(
        text.contains("GET  /hello/{name}  hello::hello  Greet somebody by name."),
        "{text}"
    );
}

/// Released components are small. The standard library of the target differs
/// between machines, by 70 KB of the bookstore, so the limits have a margin.
#[test]
fn components_are_small() {
    let output = plinth(&["build", "plugins/hello", "plugins/bookstore"], &here());
    let text = String::from_utf8(output.stdout).expect("text");
    println!("{text}");
    for (line, limit) in text.lines().zip([200.0, 1_200.0]) {
        let size: f64 = line
            .split_whitespace()
            .next()
            .expect("a size")
            .parse()
            .expect("a number");
        assert!(size < limit, "{line}: more than {limit} KB");
    }
    assert_eq!(text.lines().count(), 2, "{text}");
}

/// From `new` to serving each save, to Ctrl-C, which leaves nothing behind.
#[test]
fn a_new_plugin_is_served_at_each_save() {
    let folder = folder();
    assert!(plinth(&["new", "blog"], folder.path()).status.success());
    let blog = folder.path().join("blog");
    let mut dev = Running::dev(&blog);
    let address = dev.address();
    assert!(get(&address, "/").contains("Hello from"));
    assert!(get(&address, "/notes").contains("x-plinth-generation: 1"));

    let note = r#"{"text":"milk"}"#;
    let post = "POST /notes HTTP/1.1\r\nx-request-id: trace-7\r\ncontent-type: application/json";
    let posted = format!("{post}\r\ncontent-length: {}", note.len());
    assert!(send(&address, &posted, note).starts_with("HTTP/1.1 201"));
    let line = dev.wait_for("note 1 written");
    for part in ["plugin=blog", "route=create_note", "request_id=trace-7"] {
        assert!(line.contains(part), "{part}: {line}");
    }

    let source = blog.join("src/lib.rs");
    let text = fs::read_to_string(&source).expect("reads");
    fs::write(
        &source,
        text.replace("from a new plugin", "from another version"),
    )
    .expect("writes");
    dev.wait_for("generation 2 serves");
    assert!(get(&address, "/").contains("from another version"));

    fs::write(&source, "fn broken( {").expect("writes");
    dev.wait_for("unclosed delimiter");
    assert!(get(&address, "/").contains("from another version"));

    let data = blog.join(".plinth");
    assert!(!find(&data, "postmaster.pid").is_empty(), "Postgres runs");
    assert!(dev.end(Signal::INT).success());
    assert_eq!(
        find(&data, "postmaster.pid"),
        Vec::<PathBuf>::new(),
        "Postgres has ended"
    );
    TcpStream::connect(&address).expect_err("nobody listens");
}

/// A production host answers, and writes every line before it ends.
#[test]
fn dev_makes_each_database_that_a_plugin_names() {
    let folder = here().join("tests/components/databases");
    let mut dev = Running::start(&["dev", "--fresh", "--port", "0"], &folder);
    let address = dev.address();
    assert!(send(&address, "POST /notes/milk HTTP/1.1", "").contains("\r\n\r\n1"));
    assert!(send(&address, "POST /entries/bread/2 HTTP/1.1", "").contains("\r\n\r\n2"));
    // Where there is no replica, it is the database itself.
    assert!(get(&address, "/notes").contains(r#"["milk"]"#));
    assert!(get(&address, "/entries").contains(r#"["bread","bread"]"#));
    assert!(get(&address, "/notes/of/archive").contains("relation"));
    assert!(dev.end(Signal::INT).success());
}

#[test]
fn serve_answers_and_stops_at_sigterm() {
    let folder = folder();
    let component = folder.path().join("hello.wasm");
    let output = component.to_str().expect("text");
    assert!(
        plinth(&["build", "plugins/hello", "--output", output], &here())
            .status
            .success()
    );
    let config = "[plugins.hello]\ncomponent = 'hello.wasm'\nconfig.greeting = 'Bonjour'\n\
                  [admin]\nlisten = '127.0.0.1:0'";
    fs::write(folder.path().join("plinth.toml"), config).expect("writes");
    let mut serve = Running::start(&["serve", "--listen", "127.0.0.1:0"], folder.path());
    let (address, admin) = (serve.address(), serve.address());
    for _ in 0..100 {
        assert!(get(&address, "/hello/Ada").contains("Bonjour, Ada!"));
    }
    let metrics = get(&admin, "/metrics");
    assert!(
        metrics.contains(r#"path="/hello/{name}",status="2xx"} 100"#),
        "{metrics}"
    );
    assert!(get(&admin, "/health").contains(r#"{"databases":[],"status":"ok"}"#));
    assert!(get(&address, "/metrics").starts_with("HTTP/1.1 404"));
    assert!(serve.end(Signal::TERM).success());
    let lines: Vec<String> = serve.lines.iter().collect();
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.contains("status=200"))
            .count(),
        100
    );
    assert!(lines.last().is_some_and(|line| line.contains("stopped")));
}

/// `kill -9` of the program ends its Postgres too.
#[test]
fn a_killed_program_leaves_no_postgres() {
    let folder = folder();
    let hello = here().join("plugins/hello");
    let copy = folder.path().join("hello");
    fs::create_dir_all(copy.join("src")).expect("makes");
    fs::copy(hello.join("src/lib.rs"), copy.join("src/lib.rs")).expect("copies");
    let sdk = here().join("guest-sdk").canonicalize().expect("the SDK");
    let manifest = format!(
        "[package]\nname = 'hello'\nversion = '0.1.0'\nedition = '2024'\n[lib]\ncrate-type = ['cdylib']\n\
         [dependencies]\nplinth-sdk = {{ path = '{}' }}\nserde = {{ version = '1', features = ['derive'] }}\n[workspace]\n",
        sdk.display()
    );
    fs::write(copy.join("Cargo.toml"), manifest).expect("writes");
    let mut dev = Running::dev(&copy);
    dev.address();
    dev.child.kill().expect("kills");
    dev.child.wait().expect("ends");
    let began = Instant::now();
    while !find(&copy.join(".plinth"), "postmaster.pid").is_empty() {
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "Postgres outlived the program"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A running `plinth dev` or `plinth serve`.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn dev(folder: &Path) -> Self {
        Self::start(&["dev", "--port", "0"], folder)
    }

    fn start(arguments: &[&str], folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_plinth"))
            .args(arguments)
            .current_dir(folder)
            // What other plugins have compiled already.
            .env(
                "CARGO_TARGET_DIR",
                here().canonicalize().expect("the project").join("target"),
            )
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("runs");
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                println!("{line}");
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    fn wait_for(&self, text: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(BUILD_TIMEOUT);
            let line = line.unwrap_or_else(|_| panic!("it never said {text:?}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Waits until it serves, and tells where.
    fn address(&self) -> String {
        let line = self.wait_for("http://");
        let after = line.split("http://").nth(1).expect("an address");
        after.split('/').next().expect("an address").to_owned()
    }

    /// Sends a signal, and waits for the end.
    fn end(&mut self, signal: Signal) -> std::process::ExitStatus {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
        self.child.wait().expect("ends")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed in the middle must not leave it running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The whole answer, headers included.
fn get(address: &str, path: &str) -> String {
    send(address, &format!("GET {path} HTTP/1.1"), "")
}

/// Sends a request, given its head without the headers that every one has.
fn send(address: &str, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("connects");
    let request = format!("{head}\r\nhost: localhost\r\nconnection: close\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("reads");
    answer
}

/// Files of a name, however deep.
fn find(folder: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(find(&entry.path(), name));
        } else if entry.file_name() == name {
            found.push(entry.path());
        }
    }
    found
}
