package extract_test
import ("testing";"context";"os";"time";"strings";"encoding/binary";"fmt"
"github.com/gaugenn/gaugenn/extract";"github.com/gaugenn/gaugenn/graph";"github.com/gaugenn/gaugenn/graph/format";"github.com/gaugenn/gaugenn/graph/format/ncnn")
func toyFormats() []format.Format { return []format.Format{ncnn.Format,{Name:"tflite",Extensions:[]string{"tflite"},
 Match: func(h format.Head) format.Confidence{ if len(h.Bytes)>=8&&string(h.Bytes[4:8])=="TFL3"{return format.Certain}; return format.No},
 Parse: func(in format.Input)(*graph.Model,error){ if len(in.Data)<100 {return nil,format.Errorf(format.ErrTruncated,0,"short")}
  r:=int(binary.LittleEndian.Uint32(in.Data)); if r<8||r+4>len(in.Data){return nil,format.Errorf(format.ErrMalformed,0,"root")}
  so:=int(int32(binary.LittleEndian.Uint32(in.Data[r:]))); v:=r-so; if v<8||v+4>len(in.Data){return nil,format.Errorf(format.ErrMalformed,0,"vtable")}
  vs:=int(binary.LittleEndian.Uint16(in.Data[v:])); if vs<4||vs>64 {return nil,format.Errorf(format.ErrMalformed,0,"vtable size")}
  return &graph.Model{Format:"tflite",Graphs:[]*graph.Graph{{Tensors:make([]graph.Tensor,1)}},Length:int64(r+100)},nil},
 Embedded: []format.Signature{{Bytes:[]byte("TFL3"),Offset:4},{Bytes:[]byte("ORTM"),Offset:4},{Bytes:[]byte("ET12"),Offset:4},{Bytes:[]byte("PTMF"),Offset:4},{Bytes:[]byte("MSL1"),Offset:4},{Bytes:[]byte("GGUF"),Offset:0}},
},{Name:"onnx",Extensions:[]string{"onnx"},Match: func(h format.Head) format.Confidence{ b:=h.Bytes; if len(b)>=4&&b[0]==8&&b[1]<13&&(b[2]==0x12||b[2]==0x3a){return format.Likely}; return format.No},
 Parse: func(in format.Input)(*graph.Model,error){ return &graph.Model{Format:"onnx",Graphs:[]*graph.Graph{{Tensors:make([]graph.Tensor,1)}}},nil}},
}}
func TestTmp(t *testing.T){
 ds:=[]extract.Depth{extract.Peek,extract.Full}; if os.Getenv("D")=="peek" {ds=ds[:1]} else if os.Getenv("D")=="full" {ds=ds[1:]}; for _,depth:=range ds {
 for k:=0;k<1;k++ {
 sc:=extract.Scanner{Formats:toyFormats(),Depth:depth,Digest: func(f *extract.Finding,m *graph.Model)any{return 1}}
 t0:=time.Now(); n:=map[string]int{}; apps:=0
 err:=sc.Scan(context.Background(),strings.Split(os.Getenv("P"),","),func(a *extract.App)error{ apps++; if os.Getenv("V")!="" {fmt.Printf("APP %s %s %d %s %s\n",a.Path,a.Container,a.EntryCount,a.Status,a.Reason)}
  for _,f:=range a.Findings { n[string(f.Status)+" "+f.Format]++; if os.Getenv("V")!="" {fmt.Printf("   %s @%d %s %s %d e=%.3f %s parts=%v\n",f.Path,f.Offset,f.Format,f.Status,f.Size,f.Entropy,f.Reason,f.Companions)}}; return nil})
 t.Log(depth,err,time.Since(t0),apps,n)
 }}
}
