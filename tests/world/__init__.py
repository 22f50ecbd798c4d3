"""A scripted world of sources on real sockets, in which a week passes in minutes.

`publishers` says what is posted and what goes wrong, `server` shows it over HTTP and keeps a log, `fast_loop` lets time
pass, `drive` lets the real poll loop live in it, and `judge` compares the server's log with what was stored.
"""
