test/a.js
