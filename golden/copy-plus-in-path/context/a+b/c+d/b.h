a+b/c+d/b.h
