/**
 * The page in a real browser, against a server that the caller has started with the demo application.
 *
 *   BASE_URL=http://127.0.0.1:8084 SCREENSHOTS=/tmp/shots node --test tests/e2e/page/page.test.mjs
 *
 * BASE_URL             where the server listens; required
 * SCREENSHOTS          folder for pictures; none are taken without it
 * APPLICATION          default "demo"
 * DEPLOY, PROMOTE      names of the pipelines, default "Deploy demo" and "Promote demo"
 * GUARDED              name of a pipeline with a field and a condition that fail, default "Guarded release"
 * LOCKING              name of a pipeline that holds a cluster's lock for some seconds at least; default that of DEPLOY
 * WAITING              not empty: a second run of LOCKING waits for the lock
 * BAKES                not empty: the server answers under /bakes, and the first stage of DEPLOY bakes
 * PARAMETERS           JSON object, labels and values of the parameters to start DEPLOY with; default {"Version": "2"}
 * JUDGMENT_EXECUTION   id of an execution of PROMOTE that waits for its judgment; default: the test starts one
 * JUDGMENT_STAGE       default "Approve"
 * PATIENCE_SECONDS     longest time for a deployment; default 180
 * VIEWPORT             default "1440x900"
 * PAGE                 folder with a built page to look at in place of the server's own
 * CHROMIUM             default /usr/bin/chromium
 *
 * The browser's driver is a dependency of ui/: run `npm ci` there first.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';

const { chromium } = createRequire(new URL('../../../ui/package.json', import.meta.url))('playwright-core');

const base = process.env.BASE_URL?.replace(/\/$/, '');
assert.ok(base, 'BASE_URL is missing: start a server with the demo application and name its address');
const application = process.env.APPLICATION ?? 'demo';
const deploy = process.env.DEPLOY ?? 'Deploy demo';
const promote = process.env.PROMOTE ?? 'Promote demo';
const guarded = process.env.GUARDED ?? 'Guarded release';
const locking = process.env.LOCKING ?? deploy;
const parameters = JSON.parse(process.env.PARAMETERS ?? '{"Version": "2"}');
const judgmentStage = process.env.JUDGMENT_STAGE ?? 'Approve';
const patience = 1000 * Number(process.env.PATIENCE_SECONDS ?? 180);
const [width, height] = (process.env.VIEWPORT ?? '1440x900').split('x').map(Number);
const screenshots = process.env.SCREENSHOTS;

let browser;
let page;
/** What the page complained about; a test that provokes nothing must leave it empty. */
let complaints;

before(async () => {
  if (screenshots) await mkdir(screenshots, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--no-first-run',
    ],
  });
  page = await browser.newPage({ viewport: { width, height }, colorScheme: 'light', reducedMotion: 'reduce' });
  page.setDefaultTimeout(20_000);
  complaints = [];
  if (process.env.PAGE) await page.route(`${base}/ui/**`, servePage);
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith('data:')) {
      complaints.push(`asks a foreign host: ${request.url()}`);
    }
  });
});

after(async () => {
  await browser?.close();
});

test('an application is found from the first page, and the page is live', async () => {
  await page.goto(`${base}/ui/`);
  await page.getByRole('heading', { name: 'Applications' }).waitFor();
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  await shoot('applications');
  await page.getByRole('link', { name: application, exact: true }).click();
  await page.getByRole('region', { name: deploy }).waitFor();
  await page.getByRole('region', { name: promote }).waitFor();
});

test('before a pipeline is started, its dialog says what it would do', async () => {
  await page.getByRole('button', { name: `Start ${deploy}` }).click();
  const dialog = page.getByRole('dialog', { name: `Start ${deploy}` });
  const plan = dialog.getByRole('region', { name: 'What it would do now' });
  await plan.getByText(/^New server group of /).waitFor();
  await plan.getByText(/^Compared with /).waitFor();
  await plan.getByRole('list', { name: /^What is different from / }).getByRole('listitem').filter({ hasText: 'image' }).waitFor();
  await plan.getByRole('status').getByText(/makes a new server group/).waitFor();
  await plan.getByRole('list', { name: 'Its stages' }).getByText('Deploy', { exact: true }).waitFor();
  await shoot('plan');

  // The answer of an older question comes last, and is dropped.
  const version = dialog.getByLabel(/^Version/);
  await page.route('**/pipelines/plan', async (route) => {
    const isOld = route.request().postDataJSON().parameters.version === 'older';
    if (isOld) await new Promise((resolve) => setTimeout(resolve, 2_500));
    await route.continue().catch(() => {});
  });
  const asked = page.waitForRequest((request) => request.url().endsWith('/pipelines/plan') && request.postData().includes('older'));
  await version.fill('older');
  await asked;
  await version.fill('newer');
  await plan.getByText(/^Bake .*newer$/).waitFor();
  await page.waitForTimeout(2_700);
  await plan.getByText(/^Bake .*newer$/).waitFor();
  assert.equal(await plan.getByText(/older/).count(), 0);
  await page.unroute('**/pipelines/plan');

  await version.fill('');
  await plan.getByText('Not known before it has a value: Version').waitFor();

  await page.route('**/pipelines/plan', (route) => route.fulfill({ status: 400, json: { message: 'not today' } }));
  await version.fill('unplanned');
  await plan.getByText(/could not be found out: not today/).waitFor();
  await plan.getByRole('list', { name: 'Its stages' }).waitFor();
  assert.ok(await dialog.getByRole('button', { name: 'Start', exact: true }).isEnabled());
  await page.unroute('**/pipelines/plan');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
});

test('a plan that would fail says why, on a small screen too', async () => {
  await page.setViewportSize({ width: 390, height: 700 });
  await page.getByRole('button', { name: `Start ${guarded}` }).click();
  const dialog = page.getByRole('dialog', { name: `Start ${guarded}` });
  const plan = dialog.getByRole('region', { name: 'What it would do now' });
  await plan.getByRole('region', { name: 'It would fail' }).getByText('Only production is released').waitFor();
  await plan.getByRole('listitem').filter({ hasText: 'Production only' }).getByText('fails').waitFor();
  await inReach(dialog.getByRole('button', { name: 'Start', exact: true }));
  await shoot('plan-fails-narrow');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });

  await page.getByRole('button', { name: `Start ${deploy}` }).click();
  const start = page.getByRole('dialog', { name: `Start ${deploy}` });
  const large = start.getByRole('group', { name: 'What it would do now' });
  await large.getByText(/^Compared with /).waitFor();
  await inReach(start.getByRole('button', { name: 'Start', exact: true }));
  // Whatever does not fit scrolls with the keyboard.
  await large.focus();
  await page.keyboard.press('End');
  assert.ok(await large.evaluate((box) => box.scrollWidth <= box.clientWidth), 'nothing is cut off at the side');
  await shoot('plan-narrow');
  await page.keyboard.press('Escape');
  await start.waitFor({ state: 'hidden' });
  await page.setViewportSize({ width, height });
});

test('a plan has an address of its own, with its parameters in it', async () => {
  await page.getByRole('link', { name: `Plan ${deploy}` }).click();
  const view = page.getByRole('region', { name: `Plan of ${deploy}` });
  const plan = view.getByRole('region', { name: 'What it would do now' });
  await view.getByLabel(/^Version/).fill('7.1');
  await page.waitForURL(/\/pipelines\/[^/]+\/plan\?version=7\.1$/);
  await plan.getByText(/^Bake .*7\.1$/).waitFor();
  await page.reload();
  await plan.getByText(/^Bake .*7\.1$/).waitFor();
  assert.equal(await view.getByLabel(/^Version/).inputValue(), '7.1');
  await shoot('plan-view');
  await view.getByRole('button', { name: 'Start…' }).click();
  const dialog = page.getByRole('dialog', { name: `Start ${deploy}` });
  assert.equal(await dialog.getByLabel(/^Version/).inputValue(), '7.1');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await view.getByRole('link', { name: 'All pipelines' }).click();
  await page.getByRole('region', { name: deploy }).waitFor();
});

test('a pipeline is started with a parameter and watched to its end', async () => {
  await start(deploy, parameters);
  await page.getByRole('status').filter({ hasText: 'Running' }).waitFor();
  const graph = page.getByRole('group', { name: 'Stage graph' });
  await graph.getByRole('button').first().waitFor();
  for (const value of Object.values(parameters)) await page.getByTitle(` = ${value}`).first().waitFor();
  // A picture of the middle of it: a stage is done, another one runs.
  await graph.getByRole('button', { name: /: Succeeded$/ }).first().waitFor({ timeout: patience });
  await page.waitForTimeout(700);
  await shoot('execution-running');

  await page.getByRole('status').filter({ hasText: 'Succeeded' }).waitFor({ timeout: patience });
  assert.match(await page.title(), new RegExp(`^Succeeded: ${deploy}`));
  assert.equal(await graph.getByRole('button', { name: /: (Running|Not started)$/ }).count(), 0);
  await page.waitForTimeout(700);
  await shoot('execution-succeeded');
});

test('a deployment is drawn: its steps, and the traffic of the old and the new server group', async () => {
  const graph = page.getByRole('group', { name: 'Stage graph' });
  const plot = page.getByRole('region', { name: /^Instances and traffic in / });
  for (const button of await graph.getByRole('button').all()) {
    await button.click();
    if ((await plot.count()) > 0) break;
  }
  await plot.first().waitFor();
  const lanes = plot.getByRole('img');
  assert.equal(await lanes.count(), 2);
  await plot.getByRole('img', { name: /: (0 of \d+ serve|not there)$/ }).waitFor();
  await plot.getByRole('img', { name: /: (\d+) of \1 serve$/ }).waitFor();
  assert.ok((await plot.getByRole('listitem').count()) >= 3, 'each step has a band');
  await shoot('deployment');
  // Whoever comes later sees the same, from what the stages recorded.
  const before = await lanes.evaluateAll((all) => all.map((lane) => lane.getAttribute('aria-label')));
  await page.reload();
  await plot.first().waitFor();
  assert.deepEqual(await lanes.evaluateAll((all) => all.map((lane) => lane.getAttribute('aria-label'))), before);
});

test('a stage is selected with the keyboard, and shows its tasks, log and context', async () => {
  const first = page.getByRole('group', { name: 'Stage graph' }).getByRole('button').first();
  const name = (await first.getAttribute('aria-label')).replace(/: .*$/, '');
  await first.focus();
  await page.keyboard.press('Enter');
  const details = page.getByRole('complementary', { name: 'Stage details' });
  await details.getByRole('heading', { name, level: 2 }).waitFor();
  await details.getByRole('listitem').first().waitFor();
  await details.getByRole('tab', { name: 'Log' }).click();
  await details.getByText('started').first().waitFor();
  await details.getByRole('tab', { name: 'Context' }).click();
  await details.getByRole('button', { name: 'Copy as JSON' }).waitFor();
});

const withoutBakes = process.env.BAKES ? false : 'BAKES is not set: this server tells nothing of its bakes';

test('a stage that bakes shows what it made, and the log to its end', { skip: withoutBakes }, async () => {
  await page.getByRole('group', { name: 'Stage graph' }).getByRole('button').first().click();
  const bake = page.getByRole('complementary', { name: 'Stage details' }).getByRole('region', { name: /^Bake in / });
  await bake.getByRole('status').filter({ hasText: /^(Baked|Found again)$/ }).waitFor();
  await bake.getByText('Image', { exact: true }).waitFor();
  const log = bake.getByRole('log');
  await log.waitFor();
  const text = await log.innerText();
  assert.ok(text.trim().length > 0 && !text.includes('\u001b'), 'a log without signs for a terminal');
  assert.ok(await log.evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop < 30), 'its end is shown');
  await shoot('bake');
  const whole = await bake.getByRole('link', { name: 'The whole log' }).getAttribute('href');
  const answer = await page.request.get(base + whole);
  assert.equal(answer.status(), 200);
  assert.match(answer.headers()['content-type'], /^text\/plain/);
  assert.ok((await answer.text()).includes(text.trim().split('\n').at(-1)));
});

test('the log of a bake grows while one looks, and leaves alone whoever reads', { skip: withoutBakes }, async () => {
  const lines = (from, count) => Array.from({ length: count }, (_, index) => `line ${from + index}\n`).join('');
  const event = (id, text) => `id: ${id}\nevent: log\ndata: ${JSON.stringify({ text })}\n\n`;
  const end = 'event: end\ndata: {"state":"COMPLETED","result":"SUCCESS"}\n\n';
  // The connection ends after the first event, and goes on behind it.
  const asked = [];
  await page.route('**/bakes/*/log', async (route) => {
    asked.push(route.request().headers()['last-event-id']);
    const body = asked.length === 1 ? event(5, lines(1, 3_000)) : event(6, lines(3_001, 10)) + end;
    await route.fulfill({ status: 200, contentType: 'text/event-stream', body });
  });
  await page.reload();
  const details = page.getByRole('complementary', { name: 'Stage details' });
  const bake = details.getByRole('region', { name: /^Bake in / });
  const log = bake.getByRole('log');
  await log.getByText('line 3000').waitFor();
  await log.evaluate((box) => (box.scrollTop = 0));
  await bake.getByRole('button', { name: 'To the end' }).waitFor();
  await log.getByText('line 3010').waitFor();
  assert.deepEqual(asked, [undefined, '5']);
  assert.equal((await log.innerText()).trim().split('\n').length, 2_000);
  await bake.getByText('1010 earlier lines not shown.').waitFor();
  assert.equal(await log.evaluate((box) => box.scrollTop), 0);
  await bake.getByRole('button', { name: 'To the end' }).click();
  assert.ok(await log.evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop < 30));
  await page.unroute('**/bakes/*/log');

  await page.route('**/bakes/**', (route) => route.fulfill({ status: 404, json: { message: 'no such bake' } }));
  await page.reload();
  await bake.getByText(/^The log is not here/).waitFor();
  await bake.getByText(/^This server knows no more of this bake/).waitFor();
  await shoot('bake-elsewhere');
  await page.unroute('**/bakes/**');
});

test('a judgment is given, and the execution goes on', async () => {
  if (process.env.JUDGMENT_EXECUTION) {
    await page.goto(`${base}/ui/applications/${application}/executions/${process.env.JUDGMENT_EXECUTION}`);
  } else {
    await page.goto(`${base}/ui/applications/${application}`);
    await start(promote, {});
  }
  await page.getByRole('status').filter({ hasText: 'Needs a decision' }).waitFor({ timeout: patience });
  const details = page.getByRole('complementary', { name: 'Stage details' });
  await details.getByRole('heading', { name: judgmentStage }).waitFor();
  await shoot('judgment');
  await details.getByRole('button', { name: 'Continue' }).click();

  await page.getByRole('status').filter({ hasText: 'Succeeded' }).waitFor({ timeout: patience });
  await page.getByRole('button', { name: `${judgmentStage}: Succeeded` }).first().click();
  await details.getByText(/^Continued/).waitFor();
  await shoot('judgment-given');
});

test('a condition that was not met says why', async () => {
  await page.goto(`${base}/ui/applications/${application}`);
  await start(guarded, {});
  await page.getByRole('status').filter({ hasText: 'Failed' }).waitFor({ timeout: patience });
  const details = page.getByRole('complementary', { name: 'Stage details' });
  const condition = details.getByRole('region', { name: 'The condition was not met' });
  await condition.getByText('gave false').waitFor();
  await condition.getByRole('button', { name: 'Why?' }).click();
  const names = condition.getByRole('table', { name: 'Names that were looked up' });
  await names.getByRole('row', { name: 'parameters.env "staging"' }).waitFor();
  await names.getByRole('row', { name: /^parameters the trigger's parameters/ }).waitFor();
  await shoot('condition');
});

test('a field that kept its expression says what was meant, with the keyboard alone', async () => {
  const settle = page.getByRole('group', { name: 'Stage graph' }).getByRole('button', { name: /^Settle: / });
  await settle.focus();
  await page.keyboard.press('Enter');
  const details = page.getByRole('complementary', { name: 'Stage details' });
  const region = details.getByRole('region', { name: /expressions? failed/ });
  const failed = region.getByRole('listitem').filter({ hasText: 'comments' });
  await failed.getByText('Waits for ${clustr.size()} instances').waitFor();
  const why = failed.getByRole('button', { name: 'Why?' });
  assert.equal(await why.getAttribute('aria-expanded'), 'false');
  await why.focus();
  await page.keyboard.press('Enter');
  await failed.getByText('Did you mean cluster?').waitFor();
  assert.equal(await why.getAttribute('aria-expanded'), 'true');
  assert.equal(await failed.getByRole('mark').innerText(), 'size');
  await failed.getByText('Column 8:').waitFor();
  await failed.getByRole('row', { name: 'clustr nowhere' }).waitFor();
  await shoot('raw-expression');
});

test('any expression is tried as the chosen stage would read it', async () => {
  const region = page.getByRole('region', { name: 'Try an expression' });
  await region.getByText('As the stage “Settle” would read it now.').waitFor();
  const attempt = async (text) => {
    await region.getByRole('textbox', { name: 'Expression' }).fill(text);
    await page.keyboard.press('Enter');
  };
  await attempt('cluster');
  await region.getByText('= "demo-main" String').waitFor();
  await region.getByRole('row', { name: "cluster this stage's context" }).waitFor();
  await attempt('clustr');
  await region.getByText('It gives null').waitFor();
  await region.getByText('Did you mean cluster?').waitFor();

  const endpoint = '**/expressions/explain';
  await page.route(endpoint, (route) => route.fulfill({ status: 400, json: { message: 'not today' } }));
  await attempt('parameters.env');
  await region.getByRole('alert').getByText('not today').waitFor();
  await page.unroute(endpoint);
  await region.getByRole('button', { name: 'Try again' }).click();
  await region.getByText('= "staging" String').waitFor();
});

test('the pipelines show how their executions went', async () => {
  await page.getByRole('link', { name: application, exact: true }).first().click();
  for (const name of [deploy, promote]) {
    const region = page.getByRole('region', { name });
    await region.getByRole('link', { name: new RegExp(`^${name}, Succeeded`) }).first().waitFor();
  }
  await page.getByRole('link', { name: `${judgmentStage}: Succeeded` }).first().waitFor();
  await shoot('pipelines');
});

test('the clusters show an enabled server group with healthy instances', async () => {
  await page.getByRole('link', { name: 'Clusters' }).click();
  const enabled = page.getByRole('row', { name: /: Enabled$/ }).first();
  await enabled.waitFor();
  const instances = enabled.getByRole('button', { name: /^Instance .*: Up$/ });
  await instances.first().waitFor();
  const color = await instances.first().evaluate((square) => getComputedStyle(square).backgroundColor);
  const [red, green, blue] = color.match(/\d+/g).map(Number);
  assert.ok(green > red && green > blue, `an instance that is up is green, not ${color}`);
  await shoot('clusters');

  await instances.first().click();
  const panel = page.getByRole('dialog');
  await panel.getByText('Up', { exact: true }).first().waitFor();
  await panel.getByText('Console output').waitFor();
  await page.waitForTimeout(500);
  await shoot('instance');
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'hidden' });
});

test('what a traffic guard refuses cannot be asked for, and says by which rule', async () => {
  const dialog = await choose(await enabledGroup(), 'Disable…');
  await dialog.getByText('What will change').waitFor();
  await dialog.getByText(/^Nothing else of .* serves/).waitFor();
  const alert = dialog.getByRole('alert');
  await alert.getByText('A traffic guard refuses this').waitFor();
  await alert.getByText(/has traffic guards enabled/).waitFor();
  // The refusal and the rule name the same person.
  const who = (await alert.innerText()).match(/\(set by (\S+)\)/)[1];
  await alert.getByText(new RegExp(`^Rule: account local, any region, .*, set by ${who}, last changed .* ago`)).waitFor();
  assert.ok(await dialog.getByRole('button', { name: 'Disable' }).isDisabled());
  await shoot('guard');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
});

test('a resize says from how many to how many, and shows its end', async () => {
  const name = await enabledGroup();
  const dialog = await choose(name, 'Resize…');
  const field = dialog.getByRole('textbox', { name: 'Instances' });
  const now = Number(await field.inputValue());
  const resize = dialog.getByRole('button', { name: 'Resize', exact: true });
  assert.ok(await resize.isDisabled(), 'nothing is to be changed yet');
  await field.fill(String(now + 1));
  await dialog.getByText(`${name}: ${now} → ${now + 1} instances`).waitFor();
  await dialog.getByText('A traffic guard covers this cluster, and lets this pass.').waitFor();
  await dialog.getByRole('textbox', { name: /^Reason/ }).fill('a busy evening');
  await shoot('resize');
  await resize.click();
  await dialog.getByRole('status').filter({ hasText: 'Succeeded' }).waitFor({ timeout: patience });
  await shoot('resized');
  await dialog.getByRole('link', { name: 'Open the task' }).click();
  await page.getByRole('heading', { name: `Resize ${name} to ${now + 1} instances`, level: 1 }).waitFor();
  await page.getByText('Reason: a busy evening').waitFor();
  await page.goto(`${base}/ui/applications/${application}/clusters`);
  await page.getByRole('row', { name: `${name}: Enabled` }).getByText(`${now + 1} of ${now + 1} up`).waitFor();
});

test('traffic goes back to an earlier server group', async () => {
  const from = await enabledGroup();
  const row = page.getByRole('row', { name: /: Disabled$/ }).first();
  const to = (await row.getAttribute('aria-label')).replace(/: .*$/, '');
  const dialog = await choose(to, 'Roll back to this…');
  const [back, away] = [to, from].map((name) => name.split('-').at(-1));
  await dialog.getByText(`Traffic goes from ${away} to ${back}`).waitFor();
  await dialog.getByText(`${away} loses its traffic only when ${back} is up`).waitFor();
  await shoot('roll-back');
  await dialog.getByRole('button', { name: 'Roll back', exact: true }).click();
  await dialog.getByRole('status').filter({ hasText: 'Succeeded' }).waitFor({ timeout: patience });
  await shoot('rolled-back');
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  await page.getByRole('row', { name: `${to}: Enabled` }).waitFor();
  await page.getByRole('row', { name: `${from}: Disabled` }).waitFor();
});

test('an instance is started anew from its panel', async () => {
  const row = page.getByRole('row', { name: `${await enabledGroup()}: Enabled` });
  await row.getByRole('button', { name: /^Instance .*: Up$/ }).first().click();
  const panel = page.getByRole('dialog');
  for (const action of ['Deregister…', 'Register…', 'Terminate…']) await panel.getByRole('button', { name: action, exact: true }).waitFor();
  await panel.getByRole('button', { name: 'Reboot…' }).click();
  const dialog = page.getByRole('dialog', { name: /^Reboot / });
  await dialog.getByText(/ends and starts anew/).waitFor();
  await dialog.getByText(/^Meanwhile \d+ instead of \d+ instances? of /).waitFor();
  await shoot('reboot');
  await dialog.getByRole('button', { name: 'Reboot', exact: true }).click();
  await dialog.getByRole('status').filter({ hasText: 'Succeeded' }).waitFor({ timeout: patience });
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await panel.getByText('Console output').waitFor();
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'hidden' });
});

test('a cluster says who has its lock, and a person breaks it with a reason', async () => {
  const holder = await startThere(locking);
  const lock = page.getByRole('group', { name: /^Lock of / });
  await lock.getByRole('link', { name: locking }).waitFor({ timeout: patience });
  await shoot('locked');
  if (process.env.WAITING) await sayForWhom(await startThere(locking), holder);
  await lock.getByRole('button', { name: 'Break the lock' }).click();
  const dialog = page.getByRole('dialog', { name: /^Break the lock of / });
  await dialog.getByText('Whoever waits for it goes on at once.').waitFor();
  const doIt = dialog.getByRole('button', { name: 'Break the lock' });
  assert.ok(await doIt.isDisabled(), 'a reason is needed');
  await dialog.getByRole('textbox', { name: /^Reason/ }).fill('it hangs');
  await shoot('break-lock');
  await doIt.click();
  await dialog.waitFor({ state: 'hidden' });
  await lock.locator(`a[href*="${holder}"]`).waitFor({ state: 'detached' });
});

test('the dark scheme is one button away', async () => {
  await page.getByRole('button', { name: 'Use the dark scheme' }).click();
  await shoot('clusters-dark');
  await page.getByRole('link', { name: 'Pipelines' }).click();
  await page.getByRole('region', { name: deploy }).waitFor();
  await shoot('pipelines-dark');
  await page.getByRole('region', { name: deploy }).getByRole('link', { name: new RegExp(`^${deploy}, Succeeded`) }).first().click();
  await page.getByRole('group', { name: 'Stage graph' }).getByRole('button').first().waitFor();
  await page.waitForTimeout(300);
  await shoot('execution-dark');
  await page.getByRole('button', { name: 'Use the light scheme' }).click();
});

test('an address that leads nowhere says so', async () => {
  await page.goto(`${base}/ui/applications/no-such-application`);
  const alert = page.getByRole('alert');
  await alert.getByText(/no-such-application/).first().waitFor();
  await alert.getByRole('button', { name: 'Try again' }).waitFor();
});

test('the page has not complained', () => {
  assert.deepEqual(complaints, []);
});

/** The name of the enabled server group that is shown first. */
async function enabledGroup() {
  const row = page.getByRole('row', { name: /: Enabled$/ }).first();
  await row.getByRole('button', { name: /^Instance .*: Up$/ }).first().waitFor({ timeout: patience });
  return (await row.getAttribute('aria-label')).replace(/: .*$/, '');
}

/** Picks an action of a server group; its dialog. */
async function choose(group, action) {
  await page.getByRole('button', { name: `Actions on ${group}` }).click();
  await page.getByRole('menuitem', { name: action, exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  return dialog;
}

/** Starts a pipeline without leaving the view; the execution's id. */
async function startThere(pipeline) {
  const url = `/pipelines/v2/${application}/${encodeURIComponent(pipeline)}`;
  const body = JSON.stringify({ parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name.toLowerCase(), value])) });
  const ref = await page.evaluate(async ([path, text]) => {
    const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: text });
    return (await answer.json()).ref;
  }, [url, body]);
  return ref.split('/').at(-1);
}

/** A stage that waits for a lock names its holder, and leads to it. */
async function sayForWhom(waiter, holder) {
  await page.goto(`${base}/ui/applications/${application}/executions/${waiter}`);
  const details = page.getByRole('complementary', { name: 'Stage details' });
  await details.getByText(/the lock of cluster/).waitFor({ timeout: patience });
  await details.getByRole('link', { name: holder }).waitFor();
  await shoot('waits-for-a-lock');
  await page.goto(`${base}/ui/applications/${application}/clusters`);
}

/** Opens the dialog of a pipeline, fills it in and starts it; ends on the execution's own view. */
async function start(pipeline, values) {
  await page.getByRole('button', { name: `Start ${pipeline}` }).click();
  const dialog = page.getByRole('dialog', { name: `Start ${pipeline}` });
  for (const [label, text] of Object.entries(values)) await fill(dialog, label, text);
  await shoot(`start-${pipeline.toLowerCase().replaceAll(' ', '-')}`);
  await dialog.getByRole('button', { name: 'Start', exact: true }).click();
  await page.waitForURL(/\/executions\//);
  await page.getByRole('heading', { name: pipeline, level: 1 }).waitFor();
}

/** It can be seen without scrolling. */
async function inReach(locator) {
  const box = await locator.boundingBox();
  const { width: most, height: deepest } = page.viewportSize();
  assert.ok(box && box.x >= 0 && box.y >= 0 && box.x + box.width <= most && box.y + box.height <= deepest, JSON.stringify(box));
}

const pageTypes = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };

/** A file of the page in PAGE; any other path is one of its views. */
async function servePage(route) {
  const path = new URL(route.request().url()).pathname.slice('/ui/'.length);
  const name = extname(path) in pageTypes ? path : 'index.html';
  await route.fulfill({ body: await readFile(join(process.env.PAGE, name)), contentType: pageTypes[extname(name)] });
}

/** A field of the dialog: text is typed, an option is picked. */
async function fill(dialog, label, text) {
  const field = dialog.getByLabel(new RegExp(`^${label}`, 'i')).first();
  if (await field.evaluate((input) => input.readOnly)) {
    await field.click();
    await page.getByRole('option', { name: text, exact: true }).click();
  } else {
    await field.fill(text);
  }
}

async function shoot(name) {
  if (!screenshots) return;
  await page.mouse.move(0, 0);
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
}
