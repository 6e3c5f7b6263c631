buildctl --addr tcp://127.0.0.2:8371 version
