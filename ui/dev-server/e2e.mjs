/** Runs tests/e2e/page against the stand-in server: `npm run build && npm run e2e:dev`. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { serve } from './server.mjs';
import { World } from './world.mjs';

const { server, url } = await serve(new World({ speed: 2 }));
const test = fileURLToPath(new URL('../../tests/e2e/page/page.test.mjs', import.meta.url));
const child = spawn(process.execPath, ['--test', test], { stdio: 'inherit', env: { ...process.env, BASE_URL: url, BAKES: 'yes' } });
child.on('exit', (code) => {
  server.close();
  server.closeAllConnections();
  process.exitCode = code ?? 1;
});
