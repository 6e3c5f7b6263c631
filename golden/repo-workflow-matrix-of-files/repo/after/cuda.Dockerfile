FROM alpine:3.20
RUN echo cuda > /c
