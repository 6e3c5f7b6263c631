web/index.js
