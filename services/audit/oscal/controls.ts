import type { ReportKind } from '../report/report.ts'

/** A control of a framework, and the reports that are evidence for it. */
export interface Control {
  /** Id in OSCAL documents: framework and number, as one token. */
  readonly id: string
  readonly framework: string
  readonly number: string
  /** What is asked, in our words. */
  readonly about: string
  readonly reports: readonly ReportKind[]
}

const soc2 = (number: string, about: string, reports: readonly ReportKind[]): Control => ({
  ...{ id: `soc2-${number.toLowerCase()}`, framework: 'SOC 2 (TSC 2017)', number, about, reports },
})
const pci = (number: string, about: string, reports: readonly ReportKind[]): Control => ({
  ...{ id: `pci-dss-${number}`, framework: 'PCI DSS 4.0.1', number, about, reports },
})
const iso = (number: string, about: string, reports: readonly ReportKind[]): Control => ({
  ...{ id: `iso-27001-${number.toLowerCase()}`, framework: 'ISO/IEC 27001:2022 Annex A', number, about, reports },
})

/** The mapping table: which report speaks for which control. */
export const controls: readonly Control[] = [
  soc2('CC6.1', 'Access to what deploys is limited to those who may', ['access']),
  soc2('CC6.2', 'Accounts are given and taken back', ['access']),
  soc2('CC6.3', 'Rights follow roles and separate duties', ['access', 'sod']),
  soc2('CC7.1', 'Changes of configuration that nobody asked for are found', ['out-of-band', 'gaps']),
  soc2('CC7.2', 'Systems are watched for anomalies', ['out-of-band', 'gaps']),
  soc2('CC8.1', 'Changes are authorised, documented, tested, approved and put live under control', [
    'register',
    'change',
    'sod',
    'emergency',
    'policy',
  ]),
  soc2('A1.3', 'Recovery is tested', ['drills']),
  pci('6.5.1', 'Each change has a reason, an impact, an approval, a test and a way back', ['register', 'change', 'emergency', 'policy']),
  pci('6.5.4', 'Roles in production and elsewhere are separated', ['sod']),
  pci('7.2.4', 'Accounts and their rights are reviewed', ['access']),
  pci('10.2.1', 'What happens is logged', ['register', 'integrity']),
  pci('10.3.4', 'Changes of the log are detected', ['integrity']),
  pci('10.7.2', 'Failures of controls are detected and dealt with', ['gaps']),
  iso('A.5.3', 'Conflicting duties are separated', ['sod']),
  iso('A.5.18', 'Access rights are given, reviewed and taken back', ['access']),
  iso('A.5.30', 'Continuity is planned and tested', ['drills']),
  iso('A.5.33', 'Records are protected from loss and falsification', ['integrity']),
  iso('A.8.15', 'Logs are kept, protected and looked at', ['integrity', 'gaps']),
  iso('A.8.32', 'Changes follow a procedure', ['register', 'change', 'emergency', 'out-of-band', 'policy']),
]

export function controlsOf(kind: ReportKind): Control[] {
  return controls.filter(({ reports }) => reports.includes(kind))
}
