"""The client: commands for people and pipelines, which work on a service by its public API, with a token.

The commands of an operator (``integrates.server.cli``) work on a store instead. A command of the client is made of these:

``address``     what is an address of a service, and where a token may travel unencrypted
``config``      the file in which ``login`` keeps tokens, each for one address only
``remote``      which service is meant, with which token: from options, variables and that file
``call``        ``connected`` opens a session; ``data_of`` asks, ``change`` changes, also with
            files, ``fetched`` downloads; ``call`` is below them
``page``        ``nodes`` walks a connection of the API, page by page
``answer``      what an HTTP answer means
``retry``       when, and whether, something is sent again
``output``      tables, JSON and colours; nothing that a service says moves the cursor of a terminal
``fault``       ``explaining`` turns whatever goes wrong into one line on standard error and exit code 2
``option``      the options that the commands share

A command looks like this::

    def count(group: …, *, as_json: JsonOption = False, url: UrlOption = None) -> None:
        with explaining(), connected(remote_of(url)) as session:
            data = data_of(session, QUERY, {"group": group})
            print_rows(COLUMNS, rows_of(data), as_json=as_json)

and stands, with its line of help, in the table of ``integrates.server.cli.verb``.
"""
