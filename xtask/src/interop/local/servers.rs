//! The local servers that are not ours: the command of each, and what it is asked.

use std::path::Path;

use crate::setup;
use crate::shell::Failure;

/// What starts a server.
enum Program {
    /// Node, with the script of an npm package.
    Node(&'static str),
    /// `npx`, with the name of a program that an installed npm package brings.
    Npx(&'static str),
    /// A program that a Python package brings.
    Python(&'static str),
}

/// A local server that is not ours. `{run}` in its texts is the folder of this run, `{page}` the URL of a small site.
pub(super) struct Server {
    /// The name under which it is added.
    pub(super) name: &'static str,
    program: Program,
    words: &'static [&'static str],
    /// A variable that it wants.
    pub(super) variable: Option<(&'static str, &'static str)>,
    pub(super) calls: &'static [Call],
}

/// A call, and a word that its answer must hold.
pub(super) struct Call {
    pub(super) tool: &'static str,
    /// JSON.
    pub(super) arguments: &'static str,
    pub(super) expected: &'static str,
}

pub(super) const SERVERS: &[Server] = &[
    Server {
        name: "filesystem",
        program: Program::Node("server-filesystem"),
        words: &["{run}/files"],
        variable: None,
        calls: &[
            call("read_text_file", r#"{"path":"{run}/files/notes.txt"}"#, "water the plants"),
            call("list_directory", r#"{"path":"{run}/files"}"#, "notes.txt"),
        ],
    },
    Server {
        name: "memory",
        program: Program::Node("server-memory"),
        words: &[],
        variable: Some(("MEMORY_FILE_PATH", "{run}/memory.jsonl")),
        calls: &[
            call(
                "create_entities",
                r#"{"entities":[{"name":"Ada","entityType":"person","observations":["writes programs"]}]}"#,
                "Ada",
            ),
            // Each call starts the server anew: only the file that the variable names can tell it.
            call("search_nodes", r#"{"query":"Ada"}"#, "writes programs"),
        ],
    },
    Server {
        name: "thinking",
        program: Program::Node("server-sequential-thinking"),
        words: &[],
        variable: None,
        calls: &[call(
            "sequentialthinking",
            r#"{"thought":"19 and 23 make 42","nextThoughtNeeded":false,"thoughtNumber":1,"totalThoughts":1}"#,
            "\"thoughtHistoryLength\": 1",
        )],
    },
    Server {
        name: "everything",
        program: Program::Npx("mcp-server-everything"),
        words: &[],
        variable: None,
        calls: &[call("get-sum", r#"{"a":19,"b":23}"#, "42")],
    },
    Server {
        name: "fetch",
        program: Program::Python("mcp-server-fetch"),
        words: &["--allow-private-ips"],
        variable: None,
        // Raw: to make a page plain, the server installs a package of its own at its first call.
        calls: &[call("fetch", r#"{"url":"{page}/hours.txt","raw":true}"#, "open from nine to five")],
    },
    Server {
        name: "git",
        program: Program::Python("mcp-server-git"),
        words: &["--repository", "{run}/repository"],
        variable: None,
        calls: &[
            call("git_add", r#"{"repo_path":"{run}/repository","files":["plan.txt"]}"#, "staged"),
            call("git_status", r#"{"repo_path":"{run}/repository"}"#, "plan.txt"),
        ],
    },
    Server {
        name: "time",
        program: Program::Python("mcp-server-time"),
        words: &[],
        variable: None,
        calls: &[call(
            "convert_time",
            r#"{"source_timezone":"Asia/Tokyo","time":"12:00","target_timezone":"UTC"}"#,
            "T03:00:00",
        )],
    },
];

const fn call(tool: &'static str, arguments: &'static str, expected: &'static str) -> Call {
    Call { tool, arguments, expected }
}

/// What the texts of the table leave open.
pub(super) struct Places {
    pub(super) run: String,
    pub(super) page: String,
}

impl Places {
    /// Fills in what a text leaves open.
    pub(super) fn fill(&self, text: &str) -> String {
        text.replace("{run}", &self.run).replace("{page}", &self.page)
    }
}

impl Server {
    /// Returns the command, word by word, as a person would type it.
    pub(super) fn command(&self, places: &Places) -> Result<Vec<String>, Failure> {
        let mut command = match self.program {
            Program::Node(package) => {
                let script = format!("node_modules/@modelcontextprotocol/{package}/dist/index.js");
                let node = setup::node::command()?.get_program().to_string_lossy().into_owned();
                vec![node, shown(&setup::node::folder().join(script))]
            }
            // `--no`: a package that is not installed is an error, and not fetched.
            Program::Npx(name) => {
                let folder = shown(&setup::node::folder());
                vec!["npx".to_owned(), "--prefix".to_owned(), folder, "--no".to_owned(), name.to_owned()]
            }
            Program::Python(name) => vec![shown(&setup::python::script(name))],
        };
        command.extend(self.words.iter().map(|word| places.fill(word)));
        Ok(command)
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
