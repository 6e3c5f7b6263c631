src/lib/b.c
