FROM alpine:3.20 AS base_amd64
RUN echo amd64 > /machine

FROM alpine:3.20 AS base_arm64
RUN echo arm64 > /machine

FROM base_${TARGETARCH} AS server-base
RUN echo base >> /machine

FROM server-base AS server
RUN echo server >> /machine
