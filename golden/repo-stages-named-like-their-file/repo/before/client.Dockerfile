FROM alpine:3.20 AS client
RUN echo client > /kind
