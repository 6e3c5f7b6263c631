one/src.js
