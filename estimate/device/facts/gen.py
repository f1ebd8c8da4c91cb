#!/usr/bin/env python3
"""Makes the fact tables of this folder from the plain catalogue that the project collected.

    gen.py CATALOGUE_DIR      (socs.csv, cores.csv, phones.csv, parts.csv, codenames.csv, core_power.csv, as its README describes)

Only columns that the Go package reads are kept, rows without a use are dropped, order is kept. socs_more.csv, aliases.csv
and corrections.csv in this folder are written by hand and are not touched. Standard library only; the same input gives the same bytes.
"""
import csv, os, re, sys

SRC, OUT = sys.argv[1], os.path.dirname(os.path.abspath(__file__))

SOC = ('soc_id name part_number vendor year process_nm cluster1 cluster2 cluster3 cluster4 isa_common isa_all l2_kib_per_cluster l3_mib slc_mib '
       'mem_type mem_channels_x_bits mem_mtps mem_bw_gbps gpu gpu_clock_mhz gpu_gflops_fp32 gpu_gflops_src npu npu_tops board_platform '
       'soc_model_values src_clusters clusters_checked src_gpu src_mem src_npu').split()
CORE = ('core vendor isa_base isa_features order issue_width fp32_flops_per_cycle fp16_flops_per_cycle int8_dot_ops_per_cycle '
        'int8_mmla_ops_per_cycle bf16_mmla_flops_per_cycle load_bytes_per_cycle store_bytes_per_cycle l1d_kib l2_kib source confidence').split()
PHONE = ('name vendor form model_codes device_codename soc_id ram_gb battery_mah battery_v_nominal year tier src_device src_soc src_battery').split()


def read(name):
    with open(os.path.join(SRC, name), newline='', encoding='utf-8') as f:
        return list(csv.DictReader(f))


def write(name, columns, rows):
    with open(os.path.join(OUT, name), 'w', newline='', encoding='utf-8') as f:
        w = csv.writer(f, lineterminator='\n')
        w.writerow(columns)
        w.writerows([r.get(c, '') for c in columns] for r in rows)


def parts():
    """One row per MIDR implementer, part and variant that leads to a core of cores.csv."""
    cores, seen, out = {r['core'] for r in read('cores.csv')}, set(), []
    for r in read('parts.csv'):
        core, variant = r['core_id'], ''
        m = re.search(r'MIDR variant (0x[0-9a-f])', r['note'])
        if m and r['part'] == '0x001' and r['implementer'] == '0x53':
            variant = m.group(1)
        if core not in cores or (r['implementer'], r['part'], variant) in seen:
            continue
        seen.add((r['implementer'], r['part'], variant))
        out.append(dict(implementer=r['implementer'], part=r['part'], variant=variant, name=r['name'], core=core, source=r['source']))
    return out


def codenames():
    """Codenames of the Play catalogue; the memory as it reports it, in MiB."""
    out = []
    for r in read('codenames.csv'):
        mem = re.match(r'(\d+)MB$', r['total_mem'])
        out.append(dict(device_codename=r['device_codename'], manufacturer=r['manufacturer'], model_name=r['model_name'],
                        form=r['form'], total_mem_mib=mem.group(1) if mem else '', soc_id=r['soc_id']))
    return out


def power():
    """Power rows that can be used: a known SoC and a power above zero."""
    rows = [r for r in read('core_power.csv') if r['soc_id'] and float(r['power_mw'] or 0) > 1]
    for r in rows:
        r['source'] = 'kdrag0n/freqbench:results/' + r['freqbench_result']
    return rows


def phones():
    """Phone rows; the Galaxy S23 carries the faster 'for Galaxy' bin of its SoC, which one source calls by the plain name."""
    rows = read('phones.csv')
    for r in rows:
        if r['device_codename'] == 'dm1q' and r['soc_id'] == 'sd8g2':
            r['soc_id'], r['src_soc'] = 'sd8g2g', r['src_soc'] + '; clock bin from memory'
    return rows


def socs():
    """SoC rows with corrections.csv applied; SC8280XP has a row of its own in socs_more.csv."""
    rows = read('socs.csv')
    for r in rows:
        if r['soc_id'] == 'sa8295p':
            r['name'] = 'SA8295P'
    with open(os.path.join(OUT, 'corrections.csv'), newline='', encoding='utf-8') as f:
        for c in csv.DictReader(f):
            row = next(r for r in rows if r['soc_id'] == c['soc_id'])
            row[c['column']] = c['value']
            if c['source_column']:
                row[c['source_column']] = c['source']
    return rows


write('socs.csv', SOC, socs())
write('cores.csv', CORE, read('cores.csv'))
write('phones.csv', PHONE, phones())
write('parts.csv', 'implementer part variant name core source'.split(), parts())
write('codenames.csv', 'device_codename manufacturer model_name form total_mem_mib soc_id'.split(), codenames())
write('core_power.csv', 'soc_id run first_cpu_of_cluster freq_khz coremark_per_mhz power_mw energy_j source'.split(), power())
