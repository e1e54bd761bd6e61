"""The page of the explorer of the API: GraphiQL from files of this server, and queries to begin with."""

from typing import Final

import msgspec

from integrates.server.pages.render import render


class Example(msgspec.Struct, frozen=True):
    """A query to begin with: its title is the comment in its first line. ``variables`` is JSON."""

    query: str
    variables: str | None = None

    @property
    def title(self) -> str:
        """What the query is for, in a few words."""
        return self.query.partition("\n")[0].removeprefix("# ")


EXAMPLES: Final = (
    Example(
        """# Who am I, and what may I see?
query WhoAmI {
  me {
    email
    role
    organizations { name userRole }
    groups { name userRole description }
  }
}
"""
    ),
    Example(
        """# What is open in a group, and how bad is it?
query Open($group: ID!, $filter: VulnerabilityFilter) {
  group(name: $group) {
    summary { open maxOpenScore openByLevel { name count } }
    vulnerabilities(filter: $filter, first: 10) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes {
        id
        where
        specific
        severity { level score }
        isOverdue
        finding { title }
        treatment { status assigned }
      }
    }
  }
}
""",
        '{\n  "group": "webshop",\n  "filter": { "states": ["VULNERABLE"], "minScore": 4.0 }\n}\n',
    ),
    Example(
        """# What kinds of weaknesses does a group have?
query Findings($group: ID!) {
  group(name: $group) {
    findings(first: 10) {
      nodes {
        id
        title
        cweIds
        severity { level score cvssV4 }
        recommendation
      }
    }
  }
}
""",
        '{\n  "group": "webshop"\n}\n',
    ),
    Example(
        """# Who changed what in a group, and when?
query Audit($group: ID!, $from: DateTime) {
  group(name: $group) {
    audit(from: $from, first: 20) {
      nodes { at by operation aspects }
    }
  }
}
""",
        '{\n  "group": "webshop",\n  "from": "2026-01-01T00:00:00Z"\n}\n',
    ),
    Example(
        """# Change something: the description of a group. Refusals come as `errors` of the payload.
mutation Describe($group: ID!, $description: String!) {
  updateGroup(name: $group, description: $description) {
    group { name description version }
    errors { code reason message path }
  }
}
""",
        '{\n  "group": "webshop",\n  "description": "The shop on the web, and all that it needs."\n}\n',
    ),
)
"""What stands in the tabs of a visitor who opens the explorer for the first time. The variables fit the demo."""


def explorer_page(*, visitor: str | None, nonce: str, path: str, introspection: bool) -> str:
    """Return the page for a visitor, whose e-mail is ``None`` when nobody has logged in.

    ``nonce`` is that of the answer's policy, ``path`` where the API answers, and ``introspection`` whether it tells its schema.
    """
    return render("explorer.html", visitor=visitor, nonce=nonce, path=path, introspection=introspection, examples=EXAMPLES)
