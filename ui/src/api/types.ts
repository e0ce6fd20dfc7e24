/**
 * What the API answers, as far as the page reads it. The shapes are Spinnaker Gate's; fields that the
 * page does not know are carried along unread. Times are milliseconds since 1970.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = Record<string, Json | undefined>;

export type Status =
  | 'NOT_STARTED'
  | 'RUNNING'
  | 'PAUSED'
  | 'SUSPENDED'
  | 'SUCCEEDED'
  | 'FAILED_CONTINUE'
  | 'TERMINAL'
  | 'CANCELED'
  | 'REDIRECT'
  | 'STOPPED'
  | 'SKIPPED'
  | 'BUFFERED';

export interface ApplicationAttributes {
  name: string;
  email?: string;
  description?: string;
  accounts?: string;
  cloudProviders?: string;
  createTs?: string;
  updateTs?: string;
}

export interface Application {
  name: string;
  attributes: ApplicationAttributes;
}

export interface ParameterConfig {
  name: string;
  label?: string;
  description?: string;
  required?: boolean;
  default?: Json;
  hasOptions?: boolean;
  options?: { value: Json }[];
  /** Shown only while another parameter has a value that compares like this. */
  conditional?: { parameter: string; comparator: string; comparatorValue: Json };
}

export interface StageConfig {
  refId: string | number;
  requisiteStageRefIds?: (string | number)[];
  type: string;
  name?: string;
}

export interface TriggerConfig {
  type: string;
  enabled?: boolean;
  cronExpression?: string;
  source?: string;
}

export interface PipelineConfig {
  id: string;
  name: string;
  application: string;
  description?: string;
  index?: number;
  disabled?: boolean;
  stages: StageConfig[];
  triggers: TriggerConfig[];
  parameterConfig?: ParameterConfig[];
  manualStartAlert?: { type: string; message: string };
}

export interface ExceptionDetails {
  exceptionType?: string;
  operation?: string;
  timestamp?: number;
  details?: { error?: string; errors?: string[]; stackTrace?: string; url?: string; responseBody?: string };
}

export interface Task {
  id: string;
  name: string;
  implementingClass?: string;
  status: Status;
  startTime?: number;
  endTime?: number;
  taskExceptionDetails?: { exception?: ExceptionDetails };
}

/** What the live stream tells of a stage; the rest comes with the whole execution. */
export interface StageOutline {
  id: string;
  refId: string;
  type: string;
  name: string;
  status: Status;
  startTime?: number;
  endTime?: number;
  requisiteStageRefIds: string[];
  syntheticStageOwner?: 'STAGE_BEFORE' | 'STAGE_AFTER';
  parentStageId?: string;
  waitingFor?: string;
}

export interface Stage extends StageOutline {
  context: JsonObject;
  outputs: JsonObject;
  tasks: Task[];
}

export interface Trigger {
  type?: string;
  user?: string;
  parameters?: Record<string, Json>;
  dryRun?: boolean;
  cronExpression?: string;
  source?: string;
  parentPipelineName?: string;
  parentPipelineApplication?: string;
  parentExecution?: { id: string; name?: string; application?: string };
}

/** An execution without its trigger and stages: what the live stream repeats with every change. */
export interface ExecutionHeader {
  id: string;
  type: 'PIPELINE' | 'ORCHESTRATION';
  application: string;
  name?: string;
  description?: string;
  pipelineConfigId?: string;
  status: Status;
  buildTime?: number;
  startTime?: number;
  endTime?: number;
  canceled?: boolean;
  canceledBy?: string;
  cancellationReason?: string;
}

export interface Execution extends ExecutionHeader {
  trigger: Trigger;
  authentication?: { user?: string };
  stages: Stage[];
}

export type HealthState =
  | 'Up'
  | 'Down'
  | 'OutOfService'
  | 'Starting'
  | 'Draining'
  | 'Unknown'
  | 'Succeeded'
  | 'Failed';

export interface Health {
  type: string;
  state: string;
  status?: string;
  description?: string;
}

export interface Instance {
  id: string;
  name: string;
  healthState: HealthState;
  health: Health[];
  launchTime?: number;
  availabilityZone?: string;
  [providersOwn: string]: unknown;
}

export interface Moniker {
  app?: string;
  cluster?: string;
  stack?: string;
  detail?: string;
  sequence?: number;
}

export interface ServerGroup {
  name: string;
  account: string;
  region: string;
  cluster: string;
  cloudProvider: string;
  isDisabled?: boolean;
  disabled?: boolean;
  createdTime?: number;
  capacity?: { min: number; max: number; desired: number };
  instances: Instance[];
  loadBalancers?: string[];
  moniker?: Moniker;
  buildInfo?: JsonObject;
  providerMetadata?: JsonObject;
  launchConfig?: JsonObject;
  image?: JsonObject;
  imageSummary?: JsonObject;
}

export interface LoadBalancer {
  name: string;
  account: string;
  region: string;
  cloudProvider: string;
  serverGroups: { name: string; isDisabled?: boolean; instances: { id: string }[] }[];
  [providersOwn: string]: unknown;
}

/** What an account's cloud can do; absent: it cannot. */
export interface Capabilities {
  terminateInstances?: boolean;
  rebootInstances?: boolean;
  registerInstances?: boolean;
}

export interface Account {
  name: string;
  cloudProvider?: string;
  capabilities?: Capabilities;
}

/** Who changes a cluster now, and keeps others from it. */
export interface ClusterLock {
  account: string;
  region: string;
  cluster: string;
  executionId: string;
  stageId: string;
  since: number;
  /** "stage 'Deploy' of pipeline 'Ship', execution 01H..." */
  description: string;
}

/** A rule of an application's `trafficGuards`; each of the four is a text or "*". */
export interface Guard {
  account?: string;
  location?: string;
  stack?: string;
  detail?: string;
  setBy?: string;
  setAt?: number;
}

/** What the traffic guards say about an operation, before it is asked for. */
export interface GuardAnswer {
  operation: string;
  allowed: boolean;
  reason?: string;
  guards: Guard[];
}

/** A field that a new server group would have otherwise; without `from` it is new, without `to` it is gone. */
export interface PlannedChange {
  field: string;
  from?: Json;
  to?: Json;
}

/** What a plan would ask of a cloud. */
export interface PlannedOperation {
  kind: string;
  account: string;
  what: JsonObject;
  /** Why the cloud would say no. */
  refused?: string;
  /** Of a new server group, and of a change of what one starts. */
  preview?: { against?: string; changes: PlannedChange[] };
}

export type Outcome = 'runs' | 'may run' | 'skipped' | 'fails' | 'not reached' | 'never ends';

export interface PlannedStage {
  refId: string;
  name: string;
  type: string;
  outcome: Outcome;
  requisiteStageRefIds?: string[];
  startsAfterMs?: number;
  /** Of one that may run. */
  condition?: string;
  /** Of one that fails. */
  message?: string;
  assumed?: string[];
  /** Its work hangs on something unknown and is not shown. */
  incomplete?: boolean;
  operations: PlannedOperation[];
  before: PlannedStage[];
  after: PlannedStage[];
  /** The pipeline that it starts. */
  child?: { application?: string; name?: string; stages: PlannedStage[] };
}

export interface PlanProblem {
  level: string;
  message: string;
  pipeline?: string;
  stage?: string;
  field?: string;
}

/** What a pipeline would do if it was started now. */
export interface Plan {
  application: string;
  name: string;
  /** Absent: it could not even start. */
  status?: Status;
  stages: PlannedStage[];
  problems: PlanProblem[];
}

/** Cluster names by account. */
export type Clusters = Record<string, string[]>;

export interface ConsoleOutput {
  output: string | { name: string; output: string }[];
}

export interface Started {
  ref: string;
  eventId?: string;
}
