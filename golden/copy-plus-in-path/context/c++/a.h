c++/a.h
