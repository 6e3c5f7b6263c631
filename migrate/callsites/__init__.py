"""Call sites: the places that call docker build. One file per carrier; ``edits`` applies what they decide."""
