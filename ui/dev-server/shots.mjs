/**
 * Pictures of every view in both schemes, from the stand-in server: `npm run build && npm run shots`.
 * They go to the folder SHOTS (default: ./shots).
 */
import { mkdir } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import { serve } from './server.mjs';
import { World } from './world.mjs';

const folder = process.env.SHOTS ?? 'shots';
await mkdir(folder, { recursive: true });
const world = new World();
const { server, url } = await serve(world);
const nothing = await serve(new World({ empty: true }));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
});
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const start = (name, parameters = {}) =>
  world.start([...world.pipelines.values()].find((config) => config.name === name), { type: 'manual', user: 'ada', parameters });
const past = (name, status) => [...world.executions.values()].findLast((each) => each.name === name && each.status === status);

for (const scheme of ['light', 'dark']) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: scheme });
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && console.log(scheme, message.text()));
  page.on('pageerror', (error) => console.log(scheme, error));
  const shoot = (name) => page.screenshot({ path: `${folder}/${name}-${scheme}.png` });
  const visit = async (path, base = url) => {
    await page.goto(`${base}/ui${path}`, { waitUntil: 'load' });
    await pause(900);
  };

  await visit('/', nothing.url);
  await shoot('empty');
  const judged = start('Promote demo', { target: 'production' });
  await pause(1500);
  const running = start('Deploy demo', { version: '3', instances: '3' });
  await pause(3000);
  await visit('/');
  await shoot('applications');
  await visit('/applications/demo');
  await pause(1500);
  await shoot('pipelines');
  await visit(`/applications/demo/executions/${running.id}`);
  await pause(900);
  await shoot('running');
  await visit('/applications/demo/clusters');
  await shoot('clusters-moving');
  await page.getByRole('button', { name: 'Break the lock' }).click();
  await pause(500);
  await shoot('break-lock');
  await visit(`/applications/demo/executions/${judged.id}`);
  await shoot('judgment');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await pause(500);
  await shoot('cancel');
  await visit(`/applications/demo/executions/${past('Deploy demo', 'TERMINAL').id}`);
  await shoot('failed');
  await page.getByRole('tab', { name: 'Log' }).click();
  await pause(200);
  await shoot('failed-log');
  await page.getByRole('tab', { name: 'Context' }).click();
  await pause(200);
  await shoot('failed-context');
  const guarded = past('Guarded release', 'TERMINAL');
  await visit(`/applications/demo/executions/${guarded.id}`);
  await page.getByRole('button', { name: /^Why/ }).click();
  await pause(500);
  await shoot('condition');
  await visit(`/applications/demo/executions/${guarded.id}?stage=${guarded.stages[0].id}`);
  for (const why of await page.getByRole('button', { name: /^Why/ }).all()) if (await why.isVisible()) await why.click();
  await page.getByLabel('Expression', { exact: true }).fill('parameters.env');
  await page.keyboard.press('Enter');
  await pause(500);
  await shoot('raw');
  await visit('/applications/demo');
  await page.getByRole('button', { name: 'Start Deploy demo' }).click();
  await pause(1500);
  await shoot('start');
  await page.keyboard.press('Escape');
  const [first] = world.pipelines.keys();
  await visit(`/applications/demo/pipelines/${first}/plan?version=7&instances=5`);
  await pause(600);
  await shoot('plan');
  const deployed = past('Deploy demo', 'SUCCEEDED');
  await visit(`/applications/demo/executions/${deployed.id}?stage=${deployed.stages[0].id}`);
  await shoot('bake');
  await visit(`/applications/demo/executions/${running.id}`);
  await pause(5500);
  await shoot('succeeded');
  await visit('/applications/billing/clusters');
  await shoot('clusters');
  for (const [action, name] of [['Disable…', 'refused'], ['Roll back…', 'roll-back'], ['Resize…', 'resize']]) {
    await page.getByRole('button', { name: 'Actions on billing-main-v017' }).click();
    await page.getByRole('menuitem', { name: action }).click();
    await pause(700);
    await shoot(name);
    await page.keyboard.press('Escape');
    await pause(300);
  }
  await page.getByRole('button', { name: /Instance .*: Down/ }).click();
  await pause(900);
  await shoot('instance');
  await visit('/applications/newcomer');
  await shoot('no-pipelines');
  await visit('/applications/nobody');
  await pause(800);
  await shoot('unknown');
  await visit('/applications/newcomer/clusters');
  await shoot('no-clusters');
  await page.setViewportSize({ width: 700, height: 900 });
  await visit(`/applications/demo/executions/${past('Deploy demo', 'TERMINAL').id}`);
  await shoot('narrow');
  await visit(`/applications/demo/executions/${guarded.id}?stage=${guarded.stages[0].id}`);
  await page.getByRole('button', { name: /^Why/ }).first().click();
  await page.getByLabel('Expression', { exact: true }).fill('parameters.env ==');
  await page.keyboard.press('Enter');
  await pause(500);
  await page.screenshot({ path: `${folder}/narrow-raw-${scheme}.png`, fullPage: true });
  await visit('/applications/billing/clusters');
  await shoot('narrow-clusters');
  await page.close();
  world.patch(judged, judged.stages[1], { judgmentStatus: 'stop' });
}
await browser.close();
server.close();
server.closeAllConnections();
nothing.server.close();
nothing.server.closeAllConnections();
