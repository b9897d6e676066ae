/**
 * `sluice probe --cpu`: which instruction set the addon works with here, for reports and for doubts about speed.
 * Not here: files (probe.ts).
 */
import { cpus } from 'node:os';
import type { SimdInfo } from '../audio/index.js';
import { writeStdout } from './output.js';

interface CpuFacts extends SimdInfo {
  processor: string;
  node: string;
  /** NODE_MODULE_VERSION. */
  abi: string;
  nodeApi: string;
}

export async function probeCpu(json: boolean): Promise<void> {
  const { simdInfo } = await import('../audio/index.js');
  const facts: CpuFacts = {
    // Linux on ARM may not say.
    processor: cpus()[0]?.model.trim() || `unknown (${process.arch})`,
    ...simdInfo(),
    node: process.versions.node,
    abi: process.versions.modules,
    nodeApi: String(process.versions.napi),
  };
  await writeStdout(json ? `${JSON.stringify(facts, null, 2)}\n` : lines(facts));
}

function lines({ processor, level, available, override, addonPath, node, abi, nodeApi }: CpuFacts): string {
  return [
    `processor  ${processor}`,
    `level      ${level}, ${override ? 'as SLUICE_SIMD says' : 'the best of those available'}`,
    `available  ${available.join(', ')}`,
    'override   set SLUICE_SIMD to one of them',
    `addon      ${addonPath}`,
    `node       ${node}, ABI ${abi}, Node-API ${nodeApi}\n`,
  ].join('\n');
}
