"""Every command with its place, its one-line summary and the function that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leaf:
    """A command. `function` is "module:name"; the first line of its docstring is the summary."""

    function: str
    summary: str
    needs_arguments: bool = False  # called without any, it shows its help


@dataclass(frozen=True, slots=True)
class Branch:
    """A group of commands."""

    summary: str
    leaves: Mapping[str, Leaf]


Tree = Mapping[str, Branch | Leaf]

TREE: Tree = {
    "run": Leaf("monitor.cli.run:run", "Start the service and keep it running until it is told to stop."),
    "demo": Leaf("monitor.cli.demo:demo", "Show the whole main job on a small site of its own, without any network."),
    "status": Leaf("monitor.cli.status:status", "Say in one screen whether the service does its job."),
    "poll": Leaf("monitor.cli.poll:poll", "Poll sources now: those named, or all that are due."),
    "sources": Branch(
        "What is polled.",
        {
            "list": Leaf("monitor.cli.sources:list_sources", "List sources with their state."),
            "show": Leaf("monitor.cli.sources:show", "Show all that is known of a source.", needs_arguments=True),
            "add": Leaf("monitor.cli.sources_add:add", "Follow a new source.", needs_arguments=True),
            "remove": Leaf("monitor.cli.sources:remove", "Stop following a source; its posts stay.", True),
            "pause": Leaf("monitor.cli.sources:pause", "Do not poll sources until they are resumed.", True),
            "resume": Leaf("monitor.cli.sources:resume", "End the pause of sources; they are due at once.", True),
            "import": Leaf("monitor.cli.sources_lists:import_list", "Follow the feeds of an OPML file.", True),
            "export": Leaf("monitor.cli.sources_lists:export_list", "Write all sources as an OPML file."),
            "check": Leaf("monitor.cli.sources_check:check", "Fetch and read sources without storing anything."),
        },
    ),
    "posts": Branch(
        "What was posted.",
        {
            "list": Leaf("monitor.cli.posts:list_posts", "List the newest posts."),
            "show": Leaf("monitor.cli.posts:show", "Show a post with its tags, evidence and history.", True),
            "tag": Leaf("monitor.cli.posts_tag:tag", "Set or remove tags of a post by hand; they stay.", True),
            "history": Leaf(
                "monitor.cli.posts_history:history", "Show what was changed in a post, word by word.", True
            ),
        },
    ),
    "stories": Branch(
        "Who says the same.",
        {
            "list": Leaf("monitor.cli.stories:list_stories", "List stories that several posts tell."),
            "show": Leaf("monitor.cli.stories:show", "Show who told a story, when, and how they differ.", True),
            "split": Leaf("monitor.cli.stories:split", "Take posts out of a story into one of their own.", True),
            "merge": Leaf("monitor.cli.stories:merge", "Make one story of several.", True),
            "rebuild": Leaf("monitor.cli.stories:rebuild", "Work out all stories anew from the posts."),
        },
    ),
    "tag": Leaf("monitor.cli.tag:tag", "Show how a text is tagged, with the words that prove it.", True),
    "search": Leaf("monitor.cli.search:run", "Search all stored posts with the language of watches.", True),
    "retag": Leaf("monitor.cli.retag:retag", "Tag stored posts anew, by the taxonomies as they are in the files."),
    "taxonomy": Branch(
        "What posts are tagged with.",
        {
            "check": Leaf("monitor.cli.taxonomy:check", "Find what is wrong or doubtful in the taxonomies."),
            "stats": Leaf("monitor.cli.taxonomy:stats", "Count entries, names and forms, and measure the tagger."),
            "diff": Leaf("monitor.cli.taxonomy_diff:diff", "Compare two taxonomies, and how they tag stored posts."),
        },
    ),
    "watches": Branch(
        "What is looked for.",
        {
            "list": Leaf("monitor.cli.watches:list_watches", "List watches with what they found lately."),
            "add": Leaf("monitor.cli.watches:add", "Look for something new from now on.", needs_arguments=True),
            "backfill": Leaf(
                "monitor.cli.watches:backfill", "Find a watch in stored posts, as if it had been there.", True
            ),
            "remove": Leaf("monitor.cli.watches:remove", "Stop a watch; what it found stays.", needs_arguments=True),
            "leave": Leaf(
                "monitor.cli.watches_alerts:leave",
                "Send a recipient no more alerts of a watch, whatever the file says.",
                True,
            ),
            "rejoin": Leaf(
                "monitor.cli.watches_alerts:rejoin",
                "Send the alerts of a watch to a recipient again who had left them.",
                True,
            ),
            "test": Leaf("monitor.cli.watches_test:test", "Try a query on the stored posts.", needs_arguments=True),
        },
    ),
    "subscriptions": Branch(
        "Who receives what.",
        {
            "list": Leaf("monitor.cli.subscriptions:list_subscriptions", "List subscriptions and when each is due."),
            "feed": Leaf(
                "monitor.cli.subscriptions:feed",
                "Show the addresses at which a feed reader follows a subscription. Who knows them can read it.",
                True,
            ),
            "leave": Leaf(
                "monitor.cli.subscriptions:leave",
                "Send a recipient no more of a subscription, whatever the file says.",
                True,
            ),
            "rejoin": Leaf(
                "monitor.cli.subscriptions:rejoin", "Send a subscription to a recipient again who had left it.", True
            ),
        },
    ),
    "digest": Branch(
        "Editions of a subscription.",
        {
            "preview": Leaf("monitor.cli.digest:preview", "Show what a digest would say now; nothing is stored.", True),
            "send": Leaf("monitor.cli.digest:send", "Compile a digest out of turn and deliver it at once.", True),
            "list": Leaf(
                "monitor.cli.editions:list_editions",
                "List the newest editions of a subscription and what became of them.",
                True,
            ),
            "replay": Leaf(
                "monitor.cli.editions:replay", "Show an edition of the past as it was sent, or send it again.", True
            ),
        },
    ),
    "deliveries": Branch(
        "Messages and what became of them.",
        {
            "list": Leaf("monitor.cli.deliveries:list_deliveries", "List the newest messages."),
            "show": Leaf("monitor.cli.deliveries:show", "Show a message and every attempt to deliver it.", True),
            "retry": Leaf("monitor.cli.deliveries:retry", "Make messages due again at once."),
            "cancel": Leaf(
                "monitor.cli.deliveries:cancel",
                "Do not send messages that wait or were given up. They are kept, and can be retried.",
                True,
            ),
            "replay": Leaf(
                "monitor.cli.deliveries:replay",
                "Send messages again that were made in some time, delivered ones too.",
                True,
            ),
        },
    ),
    "recipients": Branch(
        "Addresses that messages go to.",
        {
            "list": Leaf(
                "monitor.cli.recipients:list_recipients", "List addresses with what became of the messages to them."
            ),
            "enable": Leaf("monitor.cli.recipients:enable", "Send to an address again that was disabled.", True),
            "disable": Leaf(
                "monitor.cli.recipients:disable",
                "Send nothing to an address until it is enabled; its messages are kept as dead.",
                True,
            ),
        },
    ),
    "notices": Branch(
        "What the operator should know.",
        {"list": Leaf("monitor.cli.notices:list_notices", "List what the operator should know, newest first.")},
    ),
    "webhooks": Branch(
        "Signed JSON to other programs.",
        {
            "test": Leaf(
                "monitor.cli.webhooks:test", "Post a signed test message at once and show how it was answered.", True
            ),
            "keys": Leaf(
                "monitor.cli.webhooks:keys", "Show the public halves of the Ed25519 keys that sign, for receivers."
            ),
        },
    ),
    "config": Branch(
        "The files that an operator edits.",
        {
            "check": Leaf("monitor.cli.config:check", "Find everything that is wrong with settings and files."),
            "apply": Leaf("monitor.cli.config:apply", "Bring what the files say into the database."),
            "schema": Leaf("monitor.cli.config:schema", "Print the JSON Schemas by which editors complete the files."),
        },
    ),
    "db": Branch(
        "The database.",
        {
            "upgrade": Leaf("monitor.cli.db:upgrade", "Create the database, or bring it to the newest shape."),
            "check": Leaf("monitor.cli.db:check", "Look for damage and for a shape that does not fit."),
            "backup": Leaf("monitor.cli.db:backup", "Copy an SQLite database while the service runs.", True),
        },
    ),
}
