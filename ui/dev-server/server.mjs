/** Serves a World in the API's shapes, and the built page under /ui/. */
import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { followBake } from './bakes.mjs';
import { explain } from './expressions.mjs';
import { plan } from './plans.mjs';
import { guardOfGroup, guardOfInstance, locksOf, startTask } from './tasks.mjs';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}
const notFound = (message) => {
  throw new Refused(404, message);
};

export async function serve(world, port = 0) {
  await world.ready;
  const server = createServer((request, response) => {
    answer(world, request, response).catch((error) => {
      const status = error.status ?? 500;
      const reason = { 400: 'Bad Request', 404: 'Not Found' }[status] ?? 'Internal Server Error';
      send(response, status, { timestamp: Date.now(), status, error: reason, message: error.message });
    });
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

async function answer(world, request, response) {
  const url = new URL(request.url, 'http://host');
  if (url.pathname === '/ui' || url.pathname.startsWith('/ui/')) return file(url.pathname.slice(4), response);
  const path = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  if (path[0] === 'events') return events(world, url, request, response);
  if (path[0] === 'bakes' && path[2] === 'log' && world.bakes.known.has(path[1])) return followBake(world.bakes, path[1], request, response);
  if (path[0] === 'bakery') return sendText(response, bakeOf(world, path[3]).pieces.join(''));
  const body = ['POST', 'PUT', 'PATCH'].includes(request.method) ? await read(request) : undefined;
  const route = routes.find(([method, pattern]) => method === request.method && fits(pattern, path));
  if (!route) notFound(`No such path: ${request.method} ${url.pathname}`);
  const [status, value] = route[2](world, { path, query: url.searchParams, body });
  send(response, status, value);
}

const fits = (pattern, path) => {
  const parts = pattern.split('/').filter(Boolean);
  return parts.length === path.length && parts.every((part, index) => part === '*' || part === path[index]);
};

const routes = [
  ['GET', '/applications', (world) => [200, [...world.applications.values()]]],
  ['GET', '/credentials', () => [200, [{
    name: 'local', type: 'local', cloudProvider: 'local', authorized: true,
    capabilities: { terminateInstances: true, rebootInstances: true, registerInstances: true },
  }]]],
  ['GET', '/clusterLocks', (world) => [200, locksOf(world)]],
  ['DELETE', '/clusterLocks/*/*/*', (world, { path, query }) => {
    const lock = locksOf(world).find(({ cluster }) => cluster === path[3]) ?? notFound(`Nobody holds the lock of ${path[3]}`);
    if (!query.get('reason')) throw new Refused(400, 'reason: say why the lock is taken away');
    world.brokenLocks.add(lock.stageId);
    world.inventory();
    return [200, lock];
  }],
  ['GET', '/applications/*/serverGroups/*/*/*/guard', (world, { path, query }) =>
    [200, guardOfGroup(world, path[5], query) ?? notFound(`Server group not found (name: ${path[5]})`)]],
  ['GET', '/instances/*/*/*/guard', (world, { path, query }) =>
    [200, guardOfInstance(world, path[3], query) ?? notFound(`Instance not found (id: ${path[3]})`)]],
  ['POST', '/tasks', (world, { body }) => [200, { ref: `/tasks/${startTask(world, body).id}` }]],
  ['GET', '/applications/*', (world, { path }) => {
    const attributes = world.applications.get(path[1]) ?? notFound(`Application not found (id: ${path[1]})`);
    return [200, { name: path[1], attributes, clusters: {} }];
  }],
  ['GET', '/applications/*/pipelineConfigs', (world, { path }) => [200, configsOf(world, path[1]).map(withoutScripts)]],
  ['GET', '/applications/*/pipelines', (world, { path, query }) => {
    const limit = Number(query.get('limit') ?? 10);
    const found = configsOf(world, path[1]).flatMap(({ id }) =>
      [...world.executions.values()].filter((each) => each.pipelineConfigId === id).sort((a, b) => b.buildTime - a.buildTime).slice(0, limit));
    found.sort((a, b) => (a.startTime ?? 0) - (b.startTime ?? 0));
    return [200, query.get('expand') === 'false' ? found.map(short) : found];
  }],
  ['GET', '/applications/*/clusters', (world, { path }) => {
    const clusters = {};
    for (const { account, cluster } of groupsOf(world, path[1])) clusters[account] = [...new Set([...(clusters[account] ?? []), cluster])];
    return [200, clusters];
  }],
  ['GET', '/applications/*/serverGroups', (world, { path }) => [200, groupsOf(world, path[1])]],
  ['GET', '/applications/*/loadBalancers', (world, { path }) => [200, world.loadBalancers
    .filter(({ moniker }) => moniker.app === path[1])
    .map((balancer) => ({ ...balancer, serverGroups: groupsOf(world, path[1]).filter((group) => group.loadBalancers.includes(balancer.name)) }))]],
  ['GET', '/instances/*/*/*', (world, { path }) => {
    const instance = world.serverGroups.flatMap((group) => group.instances).find(({ id }) => id === path[3]) ?? notFound(`Instance not found (id: ${path[3]})`);
    return [200, { ...instance, account: 'local', region: 'local', cloudProvider: 'local', port: 21000 + instance.id.length, pid: 4711, restarts: 0, extra: { command: './demo-service --port 21043' } }];
  }],
  ['GET', '/instances/*/*/*/console', (_world, { path }) => {
    const lines = ['demo-service version 2', 'listening on 127.0.0.1:21043', 'GET /health 200 0.2 ms', 'GET / 200 0.4 ms', 'GET /health 200 0.2 ms'];
    return [200, { output: lines.map((line, index) => `14:0${index}:11.402 ${path[3]} ${line}`).join('\n') }];
  }],
  ['POST', '/pipelines/v2/*/*', (world, { path, body }) => {
    const config = configsOf(world, path[2]).find(({ id, name }) => name === path[3] || id === path[3]) ?? notFound(`Pipeline not found (nameOrId: ${path[3]})`);
    if (config.disabled) throw new Refused(400, 'Pipeline is disabled and cannot be started.');
    const parameters = {};
    for (const parameter of config.parameterConfig ?? []) parameters[parameter.name] = body.parameters?.[parameter.name] ?? parameter.default;
    const lacking = (config.parameterConfig ?? []).find(({ name, required }) => required && !parameters[name]);
    if (lacking) throw new Refused(400, `Required parameter ${lacking.name} is missing`);
    const execution = world.start(config, { type: 'manual', user: 'anonymous', parameters });
    return [202, { eventId: randomUUID(), ref: `/pipelines/${execution.id}` }];
  }],
  ['GET', '/bakes/*', (world, { path }) => [200, bakeOf(world, path[1]).bake]],
  ['POST', '/pipelines/plan', (world, { body }) => {
    const config = configsOf(world, body.application).find(({ id, name }) => [id, name].includes(body.pipeline))
      ?? notFound(`Pipeline configuration not found (nameOrId: ${body.pipeline} in application ${body.application})`);
    if (body.parameters?.version === 'none') throw new Refused(400, "parameters.version: 'none' cannot be planned here");
    return [200, plan(world, config, body.parameters ?? {})];
  }],
  ['POST', '/expressions/explain', (world, { body }) => {
    if (typeof body.text !== 'string') throw new Refused(400, 'text: a text is needed');
    const execution = executionOf(world, body.executionId);
    const stage = execution.stages.find(({ id, refId, name }) => [id, refId, name].includes(body.stage));
    if (body.stage && !stage) notFound(`execution ${execution.id} has no stage '${body.stage}'`);
    return [200, { expressions: explain(body.text, execution, stage) }];
  }],
  ['GET', '/pipelines/*', (world, { path }) => [200, executionOf(world, path[1])]],
  ['PUT', '/pipelines/*/cancel', (world, { path, query }) => {
    world.cancel(executionOf(world, path[1]), query.get('reason') ?? undefined);
    return [200, undefined];
  }],
  ['PATCH', '/pipelines/*/stages/*', (world, { path, body }) => {
    const execution = executionOf(world, path[1]);
    const stage = execution.stages.find(({ id }) => id === path[3]) ?? notFound(`Stage not found (id: ${path[3]})`);
    world.patch(execution, stage, body);
    return [200, execution];
  }],
];

const bakeOf = (world, id) => world.bakes.known.get(id) ?? notFound(`Bake not found (id: ${id})`);
const configsOf = (world, application) => [...world.pipelines.values()].filter((config) => config.application === application);
const groupsOf = (world, application) => world.serverGroups.filter((group) => group.application === application);
const executionOf = (world, id) => world.executions.get(id) ?? notFound(`No execution found (id: ${id})`);
const withoutScripts = (config) => ({ ...config, stages: config.stages.map(({ script, ...stage }) => ({ requisiteStageRefIds: [], ...stage })) });
const short = (execution) => ({ ...execution, stages: execution.stages.map((stage) => ({ ...stage, context: {}, outputs: {}, tasks: [] })) });

function events(world, url, request, response) {
  const application = url.searchParams.get('application');
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const write = ({ seq, event, application: of, data }) => {
    if (application && of && of !== application) return;
    response.write(`${seq ? `id: ${seq}\n` : ''}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const inventory = (data) => write({ event: 'inventory', data });
  const since = request.headers['last-event-id'];
  response.write(': hello\n\n');
  if (since !== undefined) world.feed.slice(Number(since)).forEach(write);
  world.on('feed', write).on('inventory', inventory);
  request.on('close', () => world.off('feed', write).off('inventory', inventory));
}

/** A file of the built page; any other path below /ui/ is one of its views. */
function file(path, response) {
  let name = join(dist, normalize(path));
  if (!name.startsWith(dist) || !existsSync(name) || !statSync(name).isFile()) name = join(dist, 'index.html');
  response.writeHead(200, { 'Content-Type': types[extname(name)] ?? 'application/octet-stream' });
  createReadStream(name).pipe(response);
}

async function read(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    throw new Refused(400, 'The body is not JSON');
  }
}

function sendText(response, text) {
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.end(text);
}

function send(response, status, value) {
  const text = value === undefined ? '' : JSON.stringify(value);
  response.writeHead(status, text === '' ? {} : { 'Content-Type': 'application/json' });
  response.end(text);
}
