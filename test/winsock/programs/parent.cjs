// Starts a child that runs forever, and runs forever.
const { spawn } = require('node:child_process');
const fs = require('node:fs');

if (process.argv[2] === 'child') {
  fs.writeSync(1, 'child runs\n');
} else {
  spawn(process.execPath, [__filename, 'child'], { stdio: 'inherit' });
}
setInterval(() => {}, 1000);
