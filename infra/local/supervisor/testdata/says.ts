// A process that is ready when it says so.
console.log('ready')
setInterval(() => undefined, 60_000)
