import type { YamlValue } from './yaml.js'

/** A search that a cluster shares out. */
export interface JobPlan {
  /** Of the Job: a DNS label. */
  readonly name: string
  readonly namespace: string | undefined
  readonly image: string
  /** What comes in front of the words of `explore`: absent where the image begins with `npx troupe`. */
  readonly command: readonly string[] | undefined
  /** The words of `troupe explore`, without those that follow from the Job. */
  readonly words: readonly string[]
  /** Pods. */
  readonly completions: number
  readonly parallelism: number
  /** A volume claim that all pods can write to; without it results go through the log. */
  readonly claim: string | undefined
}

const RESULTS = '/results'
const CONTAINER = 'explore'
/** Nondeterminism and wrong use: what the pod was asked for cannot be had, and another try gives no more. */
const FAILING = [2, 3]

/**
 * An Indexed Job whose pods each take one share. A counterexample is a result: the container ends with 0, and says
 * what it found in its results.
 */
export function jobManifest(plan: JobPlan): YamlValue {
  const { name, namespace, completions, parallelism } = plan
  const labels = { 'app.kubernetes.io/name': 'troupe', 'app.kubernetes.io/instance': name }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, labels },
    spec: {
      completionMode: 'Indexed',
      completions,
      parallelism,
      backoffLimitPerIndex: 1,
      podFailurePolicy: {
        rules: [
          {
            action: 'FailIndex',
            onExitCodes: { containerName: CONTAINER, operator: 'In', values: FAILING },
          },
        ],
      },
      template: { metadata: { labels }, spec: podSpec(plan) },
    },
  }
}

function podSpec({ image, command, words, completions, claim }: JobPlan): YamlValue {
  const out = claim === undefined ? '/tmp/results' : RESULTS
  const resources = { cpu: '1', memory: '512Mi' }
  const args = [
    'explore',
    ...words,
    '--shard',
    `job/${completions}`,
    '--workers',
    '1',
    '--out',
    out,
    ...(claim === undefined ? ['--log-results'] : []),
  ]
  return {
    restartPolicy: 'Never',
    containers: [
      {
        name: CONTAINER,
        image,
        command,
        args,
        resources: { requests: resources, limits: resources },
        ...(claim !== undefined && { volumeMounts: [{ name: 'results', mountPath: RESULTS }] }),
      },
    ],
    ...(claim !== undefined && {
      volumes: [{ name: 'results', persistentVolumeClaim: { claimName: claim } }],
    }),
  }
}
